"""A tuner's folder: what is searched, a file for each trial that has ended, the best checkpoint; never half a file.

A trial counts once its file is there. The checkpoint of a new best one is written before that, so that whatever kills
the driver, the best of the trials that count has its checkpoint.
"""

import fcntl
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shoal.air import folder
from shoal.air.checkpoint import Checkpoint
from shoal.air.errors import CheckpointInvalid, SettingInvalid
from shoal.air.frameworks.base import Framework
from shoal.air.stored import decode, encode
from shoal.air.trial import Trial

STUDY = "study.json"
KIND = "shoal.air study"
FORMAT = 1
MAY_CHANGE = ("num_samples",)
"""Of what is searched, what another run on the same folder may change."""
KEPT = ("drawn", "score", "metrics", "curves", "best_round", "seconds", "stopped", "error")


def read_study(path: Path) -> dict[str, Any]:
    """What is searched in the folder ``path``.

    Raises:
        CheckpointInvalid: it is no tuner's folder.
    """
    if not (path / STUDY).is_file():
        raise CheckpointInvalid(
            f"there is no {STUDY} in it", where=str(path), next_step="name the storage_path that a tuner was given"
        )
    study = folder.read_json(path / STUDY)
    if not isinstance(study, dict) or study.get("kind") != KIND:
        raise CheckpointInvalid("this is no study of shoal.air", where=str(path))
    if study["format"] > FORMAT:
        raise CheckpointInvalid(
            f"it is of format {study['format']}, and this Shoal reads up to {FORMAT}",
            where=str(path),
            next_step="pip install -U 'shoal[air]'",
        )
    return study


class Journal:
    """The folder of one study, at which one driver works at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def held(self, study: Mapping[str, Any]) -> Iterator[None]:
        """Have the folder for this driver alone, and for this study.

        Raises:
            SettingInvalid: another driver works at it, or there is another study or something else in it.
        """
        with folder.naming_place(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            opened = (self.path / ".lock").open("w")
        with opened as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise SettingInvalid("another tuner is at work here", where=str(self.path)) from error
            self._claim({"kind": KIND, "format": FORMAT, **study})
            yield

    def _claim(self, study: dict[str, Any]) -> None:
        if (self.path / STUDY).exists():
            former = read_study(self.path)
            for name, value in study.items():
                if name not in MAY_CHANGE and former.get(name) != value:
                    raise SettingInvalid(
                        f"the study in this folder has another {name}: {former.get(name)!r}, here {value!r}",
                        where=str(self.path),
                        next_step="name another storage_path",
                    )
        elif any(file.name != ".lock" for file in self.path.iterdir()):
            raise SettingInvalid(
                "there is something else in it", where=str(self.path), next_step="name another storage_path"
            )
        folder.replace_json(self.path / STUDY, study)

    def entries(self) -> dict[int, dict[str, Any]]:
        """What is kept of each trial that has ended, by its number."""
        files = sorted(self.path.glob("trial-*.json"))
        return {int(file.stem.partition("-")[2]): decode(folder.read_json(file), trust_code=False) for file in files}

    def keep(self, trial: Trial, best: Checkpoint | None) -> None:
        """Keep a trial that has ended; ``best``: its checkpoint, if it is the best so far."""
        if best is not None:
            best.save(self._checkpoint(trial.number), overwrite=True)
        folder.replace_json(
            self.path / f"trial-{trial.number:05}.json", encode({name: getattr(trial, name) for name in KEPT})
        )
        if best is not None:
            for other in self.path.glob("checkpoint-*"):
                if other != self._checkpoint(trial.number):
                    shutil.rmtree(other)

    def model(self, number: int, framework: Framework) -> Any:
        """The model of the best trial, which is of this number."""
        path = self._checkpoint(number)
        folder.open_sealed(path)
        return framework.load(path)

    def _checkpoint(self, number: int) -> Path:
        return self.path / f"checkpoint-{number:05}"
