"""A kept checkpoint predicts what it predicted before, and a damaged or foreign one not at all."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from air.passengers import passengers
from shoal import air
from shoal.air import skops_objects
from shoal.air.errors import CheckpointInvalid
from shoal.air.folder import SEAL, seal_of
from shoal.air.frameworks import framework_named
from shoal.air.preprocess import fitted, transformed_frame
from shoal.air.schema import Schema
from shoal.air.stored import decode, encode

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.usefixtures("ray_here")]


def shout(frame: Any) -> Any:
    """A function of the user's."""
    return frame.assign(sex=frame["sex"].str.upper())


def trained(*preprocessors: Any) -> air.Checkpoint:
    rows = air.from_pandas(passengers())
    steps = preprocessors or (
        air.SimpleImputer(columns=["embarked"], strategy="most_frequent"),
        air.OneHotEncoder(columns=["sex", "embarked"]),
    )
    params = {"objective": "binary:logistic"}
    return (
        air.XGBoostTrainer(
            label_column="survived", params=params, preprocessor=air.Chain(*steps), datasets={"train": rows}
        )
        .fit()
        .checkpoint
    )


@pytest.fixture(scope="module")
def kept(ray_here: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained().save(tmp_path_factory.mktemp("kept") / "model")


def predictions(checkpoint: air.Checkpoint) -> list[float]:
    return list(air.Predictor(checkpoint).predict(passengers(seed=1))["predictions"])


def test_a_loaded_checkpoint_predicts_what_the_saved_one_did(tmp_path: Path) -> None:
    checkpoint = trained()
    loaded = air.load(checkpoint.save(tmp_path / "model"))
    assert predictions(loaded) == predictions(checkpoint)
    assert (loaded.schema, loaded.features) == (checkpoint.schema, checkpoint.features)
    assert loaded.metrics == checkpoint.metrics


def test_no_file_of_a_checkpoint_is_a_pickle(kept: Path) -> None:
    assert sorted(file.name for file in kept.iterdir()) == ["manifest.json", "model.ubj", "preprocessor.json"]
    assert json.loads((kept / "manifest.json").read_text())["code"] == []


def test_a_function_of_the_users_is_loaded_only_when_it_is_trusted(tmp_path: Path) -> None:
    checkpoint = trained(air.BatchMapper(shout), air.OrdinalEncoder(columns=["sex"]), air.BatchMapper(drop_words))
    checkpoint.save(tmp_path / "model")
    with pytest.raises(air.CodeNotTrusted, match="shout"):
        air.load(tmp_path / "model")
    assert predictions(air.load(tmp_path / "model", trust_code=True)) == predictions(checkpoint)


def drop_words(frame: Any) -> Any:
    return frame.drop(columns=["embarked"])


def test_a_transformer_of_scikit_learns_is_kept_without_pickle(tmp_path: Path) -> None:
    from sklearn.preprocessing import KBinsDiscretizer

    bins = air.SklearnTransformer(KBinsDiscretizer(n_bins=3, quantile_method="averaged_inverted_cdf"), ["fare"])
    checkpoint = trained(bins, air.OrdinalEncoder(columns=["sex"]), air.SklearnTransformer(ports(), ["embarked"]))
    loaded = air.load(checkpoint.save(tmp_path / "model"))
    assert predictions(loaded) == predictions(checkpoint)
    assert [name for name in loaded.features.kinds if name.startswith("fare_")]


def ports() -> Any:
    from sklearn.preprocessing import OneHotEncoder

    return OneHotEncoder(handle_unknown="ignore", sparse_output=True)


@pytest.mark.parametrize(
    ("columns", "shown"),
    [(("a", "b"), "a, b"), (tuple(f"c{number}" for number in range(30)), "c0, c1, c2 and 27 more")],
)
def test_a_checkpoint_shows_a_few_of_its_columns(columns: tuple[str, ...], shown: str) -> None:
    schema = Schema(dict.fromkeys(columns, "number"))
    checkpoint = air.Checkpoint(framework_named("xgboost"), None, None, schema, schema, "y")
    assert repr(checkpoint) == f"Checkpoint(xgboost model of 'y' from {shown})"


def every_preprocessor() -> dict[str, Any]:
    """Each of Ray's, fittable on `passengers` without gaps."""
    number, word = ["age", "fare"], ["sex"]
    return {
        "Categorizer": {"columns": word},
        "Concatenator": {"columns": number},
        "CountVectorizer": {"columns": word},
        "CustomKBinsDiscretizer": {"columns": number, "bins": [0, 50, 1000]},
        "FeatureHasher": {"columns": number, "num_features": 4, "output_column": "hashed"},
        "HashingVectorizer": {"columns": word, "num_features": 4},
        "LabelEncoder": {"label_column": "sex"},
        "MaxAbsScaler": {"columns": number},
        "MinMaxScaler": {"columns": number},
        "MultiHotEncoder": {"columns": ["words"]},
        "Normalizer": {"columns": number},
        "OneHotEncoder": {"columns": word},
        "OrdinalEncoder": {"columns": word},
        "PowerTransformer": {"columns": number, "power": 2},
        "RobustScaler": {"columns": number},
        "SimpleImputer": {"columns": number},
        "StandardScaler": {"columns": number},
        "Tokenizer": {"columns": word},
        "UniformKBinsDiscretizer": {"columns": number, "bins": 3},
    }


def test_every_preprocessor_is_tried() -> None:
    assert {*every_preprocessor(), "Chain"} == {*air.RAY_PREPROCESSORS, "OneHotEncoder", "SimpleImputer"}


def rows_of_words() -> Any:
    return passengers(60).dropna().assign(words=lambda rows: [[sex, "and", "more"] for sex in rows["sex"]])


@pytest.mark.parametrize("name", every_preprocessor())
def test_a_kept_preprocessor_does_what_it_did(name: str) -> None:
    import pandas as pd

    frame = rows_of_words()
    learned = fitted(getattr(air, name)(**every_preprocessor()[name]), air.from_pandas(frame))
    kept = decode(json.loads(json.dumps(encode(learned))), trust_code=False)
    results = [transformed_frame(one, frame.copy()) for one in (learned, kept)]
    pd.testing.assert_frame_equal(*results)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["CountVectorizer", "MinMaxScaler", "OrdinalEncoder", "StandardScaler"])
def test_a_preprocessor_fitted_in_this_process_is_that_which_ray_data_fits(name: str) -> None:
    import pandas as pd
    from ray import data

    frame = rows_of_words()
    made = getattr(air, name)(**every_preprocessor()[name])
    learned = [fitted(made, rows) for rows in (air.from_pandas(frame), air.from_ray(data.from_pandas(frame)))]
    pd.testing.assert_frame_equal(*[transformed_frame(one, frame.copy()) for one in learned])


def spoil(kept: Path, folder: Path, spoiling: str) -> Path:
    """A copy of a checkpoint, spoilt in one way."""
    import shutil

    shutil.copytree(kept, folder)
    manifest = folder / "manifest.json"
    if spoiling == "a byte of the model is changed":
        data = bytearray((folder / "model.ubj").read_bytes())
        data[len(data) // 2] ^= 1
        (folder / "model.ubj").write_bytes(data)
    elif spoiling == "the preprocessor is missing":
        (folder / "preprocessor.json").unlink()
    elif spoiling == "the manifest is cut off":
        manifest.write_bytes(manifest.read_bytes()[:100])
    elif spoiling == "a name in the manifest is changed":
        manifest.write_text(manifest.read_text().replace('"format"', '"normat"'))
    elif spoiling == "a metric in the manifest is changed":
        manifest.write_text(manifest.read_text().replace("0.", "1."))
    elif spoiling == "it is another's":
        manifest.write_text('{"format": 1}')
    else:
        told = json.loads(manifest.read_text())
        told |= {"newer format": {"format": 9}, "newer xgboost": newer(told)}[spoiling]
        manifest.write_text(json.dumps(told | {SEAL: seal_of(told)}))
    return folder


def newer(manifest: dict[str, Any]) -> dict[str, Any]:
    return {"versions": manifest["versions"] | {"xgboost": "99.0.0"}}


@pytest.mark.parametrize(
    ("spoiling", "words"),
    [
        ("a byte of the model is changed", "its file 'model.ubj' was changed or damaged"),
        ("the preprocessor is missing", "its file 'preprocessor.json' is missing"),
        ("the manifest is cut off", "its file 'manifest.json' is no JSON"),
        ("a name in the manifest is changed", "its file 'manifest.json' was changed or damaged"),
        ("a metric in the manifest is changed", "its file 'manifest.json' was changed or damaged"),
        ("it is another's", "this is no checkpoint of shoal.air"),
        ("newer format", "it is of format 9, and this Shoal reads up to 1"),
        ("newer xgboost", r"its model was made by xgboost 99.0.0, and this is .*pip install 'xgboost>=99.0.0'"),
    ],
)
def test_a_spoilt_checkpoint_is_refused_in_words(kept: Path, tmp_path: Path, spoiling: str, words: str) -> None:
    with pytest.raises(air.CheckpointInvalid, match=words):
        air.load(spoil(kept, tmp_path / "spoilt", spoiling))


def test_a_folder_that_is_taken_is_left_alone(kept: Path, tmp_path: Path) -> None:
    checkpoint = air.load(kept)
    checkpoint.save(tmp_path / "model")
    with pytest.raises(air.SettingInvalid, match="there is something at"):
        checkpoint.save(tmp_path / "model")
    checkpoint.save(tmp_path / "model", overwrite=True)
    (tmp_path / "notes").mkdir()
    with pytest.raises(air.SettingInvalid, match="there is something at"):
        checkpoint.save(tmp_path / "notes", overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["model", "notes"]


def test_a_value_without_a_kind_is_none_of_ours() -> None:
    with pytest.raises(CheckpointInvalid, match="unknown kind ''"):
        decode({}, trust_code=False)


def test_estimators_of_numbers_alone_and_scorers_need_no_trust(tmp_path: Path) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
    from sklearn.metrics import f1_score, make_scorer
    from sklearn.neural_network import MLPClassifier
    from sklearn.tree import DecisionTreeClassifier

    rows = air.from_pandas(passengers()[["survived", "pclass", "fare"]])
    parts = [("trees", HistGradientBoostingClassifier(max_iter=3)), ("tree", DecisionTreeClassifier(max_depth=2))]
    for name, estimator in {"votes": VotingClassifier(parts), "network": MLPClassifier(max_iter=3)}.items():
        trainer = air.SklearnTrainer(
            estimator=estimator, label_column="survived", scoring=make_scorer(f1_score), datasets={"train": rows}
        )
        checkpoint = trainer.fit().checkpoint
        loaded = air.load(checkpoint.save(tmp_path / name))
        assert loaded.predict(rows).equals(checkpoint.predict(rows))
        assert "f1_score" in loaded.settings["scoring"]


def estimators_of_few_rows() -> dict[str, Any]:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor, kernels
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, RadiusNeighborsRegressor

    kernel = kernels.ConstantKernel() * kernels.RBF() + kernels.Matern() ** 2 + kernels.WhiteKernel()
    return {
        "neighbours": KNeighborsClassifier(),
        "of a ball": KNeighborsRegressor(algorithm="ball_tree", p=3),
        "of a block": KNeighborsRegressor(algorithm="kd_tree", metric="manhattan"),
        "within": RadiusNeighborsRegressor(radius=100, metric="chebyshev", algorithm="kd_tree"),
        "process": GaussianProcessRegressor(kernel),
        "classes": GaussianProcessClassifier(kernels.RationalQuadratic() + kernels.DotProduct()),
        "calibrated": CalibratedClassifierCV(LogisticRegression(), cv=2),
    }


@pytest.mark.parametrize(
    "name", ["neighbours", "of a ball", "of a block", "within", "process", "classes", "calibrated"]
)
def test_estimators_of_neighbours_and_gaussian_processes_need_no_trust(name: str) -> None:
    rows = passengers(60)[["pclass", "fare"]]
    fitted = estimators_of_few_rows()[name].fit(rows, passengers(60)["survived"])
    loaded = skops_objects.loads(skops_objects.dumps(fitted), trust_code=False)
    assert loaded.predict(rows).tolist() == fitted.predict(rows).tolist()


def test_a_distance_that_is_a_function_needs_trust() -> None:
    from sklearn.neighbors import KNeighborsClassifier

    nearest = KNeighborsClassifier(metric=math.dist, algorithm="ball_tree").fit([[0.0], [1.0]] * 5, [0, 1] * 5)
    with pytest.raises(air.CodeNotTrusted, match="PyFuncDistance64"):
        skops_objects.loads(skops_objects.dumps(nearest), trust_code=False)
