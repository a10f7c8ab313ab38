"""XGBoost on several workers: each boosts on its share of the rows, and XGBoost itself sums what they see."""

from functools import partial
from typing import Any

from shoal.air.frameworks.base import Learned, rounds_of
from shoal.air.frameworks.xgboost import ROUNDS, boost, curves_of, watched_by
from shoal.air.share import Curves, Share, joined

PARTS = 4
"""Into how many parts what is kept splits a training: a lost worker costs at most one of them. Not every round is
kept, as each time costs one of Ray Train's polls."""


def learn_share(share: Share) -> Learned:
    """What each worker runs."""
    rounds = rounds_of(share.settings, ROUNDS)
    begun, before = share.begun(share.framework.load)
    left = rounds - (begun.num_boosted_rounds() if begun is not None else 0)
    callbacks = [_keeping(share, -(-rounds // PARTS), left, before)]
    if share.watch is not None:
        callbacks.append(watched_by(share.watch))
    learned = boost(share.tables(), share.settings, left, share.threads, callbacks=tuple(callbacks), begun=begun)
    return Learned(learned.model, joined(before, learned.curves), best_round=learned.best_round)


def _keeping(share: Share, every: int, left: int, before: Curves) -> Any:
    """A callback of XGBoost's that keeps the model after each so many rounds."""
    from xgboost.callback import TrainingCallback

    class Keeping(TrainingCallback):  # type: ignore[misc]
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            if (epoch + 1) % every == 0 and epoch + 1 < left:
                share.keep(joined(before, curves_of(evals_log)), partial(share.framework.save, model))
            return False

    return Keeping()
