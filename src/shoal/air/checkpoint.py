"""A trained model with all that a prediction needs, and how it is kept in a folder."""

import importlib.metadata
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shoal.air import folder
from shoal.air.arguments import as_path, expect
from shoal.air.errors import CheckpointInvalid
from shoal.air.frameworks import framework_named
from shoal.air.frameworks.base import Framework
from shoal.air.packages import require
from shoal.air.schema import Schema

PREPROCESSOR_FILE = "preprocessor.json"
COLUMNS_SHOWN = 8
"""More than so many are counted, not listed, where a checkpoint is shown."""
KEPT_VERSIONS = ("shoal", "ray", "numpy", "pandas")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained model with all that a prediction needs.

    framework, model: who can ask it, and it.
    preprocessor: fitted, or None.
    schema: the columns that data to predict for must have.
    features: the columns that the model sees, after the preprocessor.
    label_column: what is predicted.
    metrics, settings: how well it did, and how it was trained; of functions the names.
    """

    framework: Framework
    model: Any
    preprocessor: Any
    schema: Schema
    features: Schema
    label_column: str
    metrics: dict[str, float] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Keep it in the folder ``path``: manifest, model and preprocessor. All of it, or nothing.

        Raises:
            SettingInvalid: there is something at ``path``, or a preprocessor that can't be kept.
        """
        from shoal.air.stored import code_in, encode

        place = as_path("path", path)
        preprocessor = encode(self.preprocessor)
        manifest = {
            "framework": self.framework.name,
            "label_column": self.label_column,
            "schema": list(self.schema.kinds.items()),
            "features": list(self.features.kinds.items()),
            "types": {"schema": encode(self.schema.types), "features": encode(self.features.types)},
            "lengths": {"schema": self.schema.lengths, "features": self.features.lengths},
            "metrics": encode(self.metrics),
            "settings": encode(self.settings),
            "versions": self.versions(),
            "code": code_in(preprocessor),
        }
        with folder.new(place, overwrite=overwrite) as new:
            self.framework.save(self.model, new)
            folder.write_json(new / PREPROCESSOR_FILE, preprocessor)
            folder.seal(new, manifest)
        return place

    @staticmethod
    def load(path: str | Path, *, trust_code: bool = False, framework: Framework | None = None) -> "Checkpoint":
        """`air.load`, under the name that it had in AIR."""
        return load(path, trust_code=trust_code, framework=framework)

    def predict(self, rows: Any) -> Any:
        """What `air.Predictor` of it predicts for ``rows``: a DataFrame.

        A policy (`air.RLTrainer`) takes an array of observations in their place, and gives an array of actions.
        """
        if not self.framework.takes_tables:
            return self.framework.predict(self.model, rows)
        from shoal.air.predictor import Predictor

        return Predictor(self).predict(rows)

    def versions(self) -> dict[str, str]:
        """What it was made by: Python, Shoal, Ray and the framework's packages."""
        names = (*KEPT_VERSIONS, *self.framework.packages)
        return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in names}

    def __repr__(self) -> str:
        if not self.framework.takes_tables:
            return f"Checkpoint({self.framework.name} model)"
        names = [*self.schema.kinds]
        shown = ", ".join(names) if len(names) <= COLUMNS_SHOWN else f"{', '.join(names[:3])} and {len(names) - 3} more"
        return f"Checkpoint({self.framework.name} model of {self.label_column!r} from {shown})"


def load(path: str | Path, *, trust_code: bool = False, framework: Framework | None = None) -> Checkpoint:
    """The checkpoint in the folder ``path``. Every file is held against its hash, and no code of the folder's runs.

    trust_code: also load functions of yours that it holds (by pickle), and types that skops doesn't know.
    framework: who reads the model, when it is none of Shoal's own.

    Raises:
        CheckpointInvalid: it is none, is damaged, or was made by something newer.
        CodeNotTrusted: it holds code, and ``trust_code`` is not said.
    """
    from shoal.air.stored import decode

    home = as_path("path", path)
    if framework is not None:
        expect("framework", framework, Framework, next_step="as framework=Torch(Net(30))")
    manifest = folder.open_sealed(home)
    try:
        reader = framework or framework_named(manifest["framework"])
        require(reader.packages)
        _refuse_newer(manifest["versions"], reader)
        return Checkpoint(
            framework=reader,
            model=reader.load(home, trust_code=trust_code),
            preprocessor=decode(folder.read_json(home / PREPROCESSOR_FILE), trust_code=trust_code),
            schema=_schema(manifest, "schema"),
            features=_schema(manifest, "features"),
            label_column=manifest["label_column"],
            metrics=decode(manifest["metrics"], trust_code=False),
            settings=decode(manifest["settings"], trust_code=trust_code),
        )
    except CheckpointInvalid as error:
        raise type(error).told_of(error, where=str(home)) from error
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointInvalid(f"its manifest isn't as it should be: {error!r}", where=str(home)) from error


def _schema(manifest: dict[str, Any], which: str) -> Schema:
    from shoal.air.stored import decode

    types, lengths = (manifest.get(each, {}).get(which) for each in ("types", "lengths"))  # not told in older ones
    return Schema(dict(manifest[which]), types and decode(types, trust_code=False), lengths)


def _refuse_newer(versions: dict[str, str], framework: Framework) -> None:
    for name in framework.packages:
        here = importlib.metadata.version(name)
        if _release(versions[name]) > _release(here):
            raise CheckpointInvalid(
                f"its model was made by {name} {versions[name]}, and this is {here}",
                next_step=f"pip install '{name}>={versions[name]}'",
            )


def _release(version: str) -> tuple[int, int]:
    """Major and minor: between those, formats change."""
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def expect_checkpoint(value: Any) -> None:
    """
    Raises:
        SettingInvalid: it is none.
    """
    expect("checkpoint", value, Checkpoint, next_step="take result.checkpoint, or air.load(path)")
