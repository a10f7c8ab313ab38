"""From a table to a served model in one script, on Ray: load, preprocess, train, tune, keep, predict, serve.

It imports nothing of the rest of Shoal. Importing it costs next to nothing: a name brings its module when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoal.air.asha import ASHA as ASHA
    from shoal.air.batch import BatchPredictor as BatchPredictor
    from shoal.air.checkpoint import Checkpoint as Checkpoint
    from shoal.air.checkpoint import load as load
    from shoal.air.dataset import Dataset as Dataset
    from shoal.air.errors import AirError as AirError
    from shoal.air.errors import CheckpointInvalid as CheckpointInvalid
    from shoal.air.errors import ClusterUnfit as ClusterUnfit
    from shoal.air.errors import CodeNotTrusted as CodeNotTrusted
    from shoal.air.errors import ColumnUnfit as ColumnUnfit
    from shoal.air.errors import ColumnUnknown as ColumnUnknown
    from shoal.air.errors import DatasetEmpty as DatasetEmpty
    from shoal.air.errors import DeployFailed as DeployFailed
    from shoal.air.errors import NotPython as NotPython
    from shoal.air.errors import PackageMissing as PackageMissing
    from shoal.air.errors import PackageUnfit as PackageUnfit
    from shoal.air.errors import PredictionsDiffer as PredictionsDiffer
    from shoal.air.errors import SettingInvalid as SettingInvalid
    from shoal.air.errors import TrainingFailed as TrainingFailed
    from shoal.air.estimators import XGBoostClassifier as XGBoostClassifier
    from shoal.air.estimators import XGBoostRegressor as XGBoostRegressor
    from shoal.air.imputer import SimpleImputer as SimpleImputer
    from shoal.air.migration import migrate as migrate
    from shoal.air.one_hot import OneHotEncoder as OneHotEncoder
    from shoal.air.predictor import Predictor as Predictor
    from shoal.air.preprocessors import BatchMapper as BatchMapper
    from shoal.air.preprocessors import SklearnTransformer as SklearnTransformer
    from shoal.air.progress import be_quiet as be_quiet
    from shoal.air.read import from_arrow as from_arrow
    from shoal.air.read import from_pandas as from_pandas
    from shoal.air.read import from_ray as from_ray
    from shoal.air.read import from_sklearn as from_sklearn
    from shoal.air.read import read_csv as read_csv
    from shoal.air.read import read_json as read_json
    from shoal.air.read import read_parquet as read_parquet
    from shoal.air.reports import report as report
    from shoal.air.reports import resume as resume
    from shoal.air.result import Result as Result
    from shoal.air.rl import RLTrainer as RLTrainer
    from shoal.air.scaling import Scaling as Scaling
    from shoal.air.search import choice as choice
    from shoal.air.search import grid_search as grid_search
    from shoal.air.search import lograndint as lograndint
    from shoal.air.search import loguniform as loguniform
    from shoal.air.search import randint as randint
    from shoal.air.search import uniform as uniform
    from shoal.air.serving import Deployment as Deployment
    from shoal.air.serving import deploy as deploy
    from shoal.air.serving import undeploy as undeploy
    from shoal.air.trainer import Trainer as Trainer
    from shoal.air.trainers import LightGBMTrainer as LightGBMTrainer
    from shoal.air.trainers import SklearnTrainer as SklearnTrainer
    from shoal.air.trainers import TorchTrainer as TorchTrainer
    from shoal.air.trainers import XGBoostTrainer as XGBoostTrainer
    from shoal.air.tuner import Tuned as Tuned
    from shoal.air.tuner import Tuner as Tuner
    from shoal.air.verification import verify as verify

RAY_PREPROCESSORS = (
    "Categorizer",
    "Chain",
    "Concatenator",
    "CountVectorizer",
    "CustomKBinsDiscretizer",
    "FeatureHasher",
    "HashingVectorizer",
    "LabelEncoder",
    "MaxAbsScaler",
    "MinMaxScaler",
    "MultiHotEncoder",
    "Normalizer",
    "OrdinalEncoder",
    "PowerTransformer",
    "RobustScaler",
    "StandardScaler",
    "Tokenizer",
    "UniformKBinsDiscretizer",
)
"""Ray's own, as they are; the table of names, so that none is imported before it is asked for."""

HOMES = {
    "asha": ("ASHA",),
    "batch": ("BatchPredictor",),
    "checkpoint": ("Checkpoint", "load"),
    "dataset": ("Dataset",),
    "serving": ("Deployment", "deploy", "undeploy"),
    "errors": (
        "AirError",
        "CheckpointInvalid",
        "ClusterUnfit",
        "CodeNotTrusted",
        "ColumnUnfit",
        "ColumnUnknown",
        "DatasetEmpty",
        "NotPython",
        "DeployFailed",
        "PackageMissing",
        "PackageUnfit",
        "PredictionsDiffer",
        "SettingInvalid",
        "TrainingFailed",
    ),
    "estimators": ("XGBoostClassifier", "XGBoostRegressor"),
    "imputer": ("SimpleImputer",),
    "migration": ("migrate",),
    "one_hot": ("OneHotEncoder",),
    "predictor": ("Predictor",),
    "preprocessors": ("BatchMapper", "SklearnTransformer"),
    "progress": ("be_quiet",),
    "read": ("from_arrow", "from_pandas", "from_ray", "from_sklearn", "read_csv", "read_json", "read_parquet"),
    "reports": ("report", "resume"),
    "result": ("Result",),
    "rl": ("RLTrainer",),
    "scaling": ("Scaling",),
    "trainer": ("Trainer",),
    "search": ("choice", "grid_search", "lograndint", "loguniform", "randint", "uniform"),
    "trainers": ("LightGBMTrainer", "SklearnTrainer", "TorchTrainer", "XGBoostTrainer"),
    "tuner": ("Tuned", "Tuner"),
    "verification": ("verify",),
}
"""Where each public name of ours lives."""

_MODULE_OF = {name: f"shoal.air.{module}" for module, names in HOMES.items() for name in names}
_MODULE_OF |= dict.fromkeys(RAY_PREPROCESSORS, "ray.data.preprocessors")
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'shoal.air' has no attribute {name!r}")
    from shoal.air.errors import importing

    with importing(f"air.{name}"):
        return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
