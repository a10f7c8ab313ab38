"""Packing folders and reading runtime environments: same files, same package; nothing from outside; clear refusals."""

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoal.engine.http_json import Dashboard
from shoal.engine.jobs_errors import PackageInvalid, PackageTooLarge, RuntimeEnvInvalid
from shoal.engine.package import Package, pack
from shoal.engine.package_env import DEFAULT_EXCLUDES, prepare, read_runtime_env

NOWHERE = Dashboard("http://127.0.0.1:9", "")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with nothing in it."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def names(package: Package) -> list[str]:
    return zipfile.ZipFile(package.file).namelist()


def plant(root: Path, *files: str, text: str = "x") -> Path:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


word = st.text(st.sampled_from("abüZ.-_ "), min_size=1, max_size=8).filter(lambda name: name.strip(". ") == name)
trees = st.dictionaries(st.tuples(st.sampled_from(["", "d", "d/e"]), word), st.binary(max_size=40), max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees, times=st.integers(0, 2**31))
def test_the_same_files_give_the_same_package_whatever_their_times_and_order(
    tmp_path_factory: pytest.TempPathFactory,
    tree: dict[tuple[str, str], bytes],
    times: int,
) -> None:
    packages: list[Package] = []
    files = {f"{folder}/{name}".strip("/") + ".f": content for (folder, name), content in tree.items()}
    for items in (list(files.items()), list(reversed(files.items()))):
        root = tmp_path_factory.mktemp("tree")
        for name, content in items:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
            os.utime(root / name, (times + len(packages), times))
        packages.append(pack(root))
    first, second = (package.file.read() for package in packages)
    assert first == second
    assert packages[0].uri == packages[1].uri
    packages[0].file.seek(0)
    archive = zipfile.ZipFile(packages[0].file)
    assert {name: archive.read(name) for name in archive.namelist()} == files


@pytest.mark.parametrize("change", ["content", "name", "mode"])
def test_any_change_of_a_file_gives_another_package(work: Path, change: str) -> None:
    plant(work, "run.sh")
    before = pack(work).uri
    match change:
        case "content":
            (work / "run.sh").write_text("y")
        case "name":
            (work / "run.sh").rename(work / "go.sh")
        case "mode":
            (work / "run.sh").chmod(0o755)
    assert pack(work).uri != before


def test_executables_stay_executable_and_secrets_of_the_mode_are_not_kept(work: Path) -> None:
    plant(work, "run.sh", "plain")
    (work / "run.sh").chmod(0o700)
    (work / "plain").chmod(0o600)
    archive = zipfile.ZipFile(pack(work).file)
    modes = {info.filename: info.external_attr >> 16 & 0o777 for info in archive.infolist()}
    assert modes == {"run.sh": 0o755, "plain": 0o644}


def test_ignore_files_count_where_they_lie_and_excludes_from_the_top(work: Path) -> None:
    plant(work, "a.py", "a.log", "keep.log", "data/x", "sub/b.tmp", "sub/b.py", "b.tmp", "sub/build/o", ".git/x")
    (work / ".gitignore").write_text("*.log\n!keep.log\n")
    (work / ".rayignore").write_text("/data\n")
    (work / "sub/.gitignore").write_text("*.tmp\nbuild/\n")
    got = names(pack(work, [".git", "sub/b.py"]))
    assert got == [".gitignore", ".rayignore", "a.py", "b.tmp", "keep.log", "sub/.gitignore"]


def test_gitignore_can_be_left_out_of_account_but_rayignore_cannot(work: Path) -> None:
    plant(work, "a.log", "b")
    (work / ".gitignore").write_text("a.log")
    (work / ".rayignore").write_text("b")
    assert "a.log" in names(pack(work, gitignore=False))
    assert "b" not in names(pack(work, gitignore=False))


def test_empty_folders_are_kept(work: Path) -> None:
    (work / "out/deep").mkdir(parents=True)
    assert names(pack(work)) == ["out/deep/"]


def test_links_inside_are_followed_and_dangling_ones_skipped(work: Path) -> None:
    plant(work, "real/a")
    (work / "link").symlink_to("real")
    (work / "b").symlink_to("real/a")
    (work / "dangling").symlink_to("nowhere")
    assert names(pack(work)) == ["b", "link/a", "real/a"]


@pytest.mark.parametrize("target", ["secret", "folder"])
def test_a_link_that_leads_out_is_refused_by_name_until_excluded(work: Path, target: str) -> None:
    plant(work, "outside/secret", "outside/folder/x", "work/a")
    (work / "work/leak").symlink_to(work / "outside" / target)
    with pytest.raises(PackageInvalid, match="leads out") as refused:
        pack(work / "work")
    assert refused.value.where.endswith("work/leak")
    assert names(pack(work / "work", ["leak"])) == ["a"]


def test_a_link_in_a_circle_is_refused(work: Path) -> None:
    (work / "a").mkdir()
    (work / "a/up").symlink_to("..")
    with pytest.raises(PackageInvalid, match="circle"):
        pack(work)


def test_links_that_lead_to_each_other_are_refused(work: Path) -> None:
    plant(work, "a/x", "b/x")
    (work / "a/b").symlink_to("../b")
    (work / "b/a").symlink_to("../a")
    with pytest.raises(PackageInvalid, match="circle"):
        pack(work)


def test_too_large_names_the_largest_files_first(work: Path) -> None:
    for name, size in (("small", 10), ("middle", 3000), ("large", 9000), ("next", 5000)):
        (work / name).write_bytes(os.urandom(size))
    with pytest.raises(PackageTooLarge, match=r"largest files are large .*, next .*, middle ") as refused:
        pack(work, limit=8000)
    assert refused.value.exit_code == 2


def test_a_name_that_ray_would_drop_is_refused(work: Path) -> None:
    plant(work, "a\\b")
    with pytest.raises(PackageInvalid, match="name can't be carried"):
        pack(work)


def test_an_unreadable_file_is_named(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(work, "a")

    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PackageInvalid, match="Permission denied") as refused:
        pack(work)
    assert refused.value.where.endswith("/a")


def test_the_default_excludes_are_rays() -> None:
    constants = pytest.importorskip("ray._private.ray_constants")
    assert constants.RAY_RUNTIME_ENV_DEFAULT_EXCLUDES == DEFAULT_EXCLUDES


def test_requirement_files_and_conda_files_travel_as_their_content(work: Path) -> None:
    (work / "r.txt").write_text("# why\n\nrequests==2\n numpy\n")
    (work / "c.yaml").write_text("dependencies: [pip]\n")
    env = {"pip": str(work / "r.txt"), "conda": str(work / "c.yaml"), "env_vars": {"A": "1"}}
    assert prepare(env, None, NOWHERE) == {
        "pip": ["requests==2", "numpy"],
        "conda": {"dependencies": ["pip"]},
        "env_vars": {"A": "1"},
    }
    assert prepare({"conda": "named"}, None, NOWHERE) == {"conda": "named"}


def test_uris_are_left_alone_and_the_argument_overrides(work: Path) -> None:
    env = {"working_dir": "s3://a/b.zip", "py_modules": ["https://x/y.whl"]}
    assert prepare(env, None, NOWHERE) == env
    assert prepare(env, "gs://c.zip", NOWHERE)["working_dir"] == "gs://c.zip"
    assert env["working_dir"] == "s3://a/b.zip"


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"working_dir": 3}, "working_dir is 3"),
        ({"excludes": "x"}, "excludes is 'x', not a list"),
        ({"py_modules": [1]}, "py_modules is"),
        ({"env_vars": 3}, "env_vars is 3, not a mapping"),
        ({"env_vars": {"A": 1}}, "'A': 1, not two strings"),
        ({"pip": "/nope/r.txt"}, "pip names a file that can't be read"),
    ],
)
def test_a_wrong_type_in_the_environment_is_named(env: dict[str, object], words: str) -> None:
    with pytest.raises(RuntimeEnvInvalid, match=words):
        prepare(env, None, NOWHERE)


def test_a_module_that_is_nothing_is_refused(work: Path) -> None:
    with pytest.raises(PackageInvalid, match="no folder"):
        prepare({"py_modules": [str(work / "nope")]}, None, NOWHERE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a: [", r"f\.yaml:1:5: is not YAML"),
        (b"- a\n", "is not a mapping"),
        (b"1: a\n", "is not a mapping"),
        (b"\xff\xfe\x00", "UTF-8|not YAML"),
        (b"a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
            f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n".encode() for n in range(1, 9)
        ), "aliases"),
    ],
)  # fmt: skip
def test_a_bad_environment_file_is_one_message(work: Path, text: bytes, words: str) -> None:
    (work / "f.yaml").write_bytes(text)
    with pytest.raises(RuntimeEnvInvalid, match=words):
        read_runtime_env(work / "f.yaml")


def test_a_missing_environment_file_is_said_and_an_empty_one_is_empty(work: Path) -> None:
    with pytest.raises(RuntimeEnvInvalid, match="No such file"):
        read_runtime_env(work / "f.yaml")
    (work / "f.yaml").write_text("# nothing\n")
    assert read_runtime_env(work / "f.yaml") == {}
