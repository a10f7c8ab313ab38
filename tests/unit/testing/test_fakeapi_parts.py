"""Parts of the fake API server by themselves, with any input."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shoal.testing.fakeapi import fields
from shoal.testing.fakeapi.merge import merged, tree_of, without
from shoal.testing.fakeapi.patches import merge
from shoal.testing.fakeapi.store import Store
from shoal.testing.fakeapi.types import TYPES, Type, keyed

NAMES = st.sampled_from("abc")
VALUES = st.recursive(
    st.integers(0, 2) | st.none(), lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=3)
ITEMS = st.lists(
    st.builds(lambda name, value: {"name": name, "v": value}, NAMES, st.integers(0, 2)), unique_by=lambda i: i["name"]
)
PLAIN = Type()
LIST = keyed("name")
WRITES = st.lists(st.tuples(st.sampled_from(["put", "remove"]), NAMES, st.integers(0, 3)), max_size=20)


@given(WRITES, st.integers(0, 20))
def test_the_store_shows_every_version_that_is_not_forgotten(writes: list[tuple[str, str, int]], forget: int) -> None:
    store, states = Store(), {}
    for what, name, value in writes:
        if what == "put":
            store.put("maps", {"metadata": {"name": name}, "value": value})
        elif store.get("maps", "", name):
            store.remove("maps", "", name)
        states[store.version] = {key: item["value"] for key, item in store.all("maps").items()}
    store.compact(forget)
    for version, state in states.items():
        if version >= store.compacted:
            assert {key: item["value"] for key, item in store.at("maps", version).items()} == state


@given(OBJECTS, OBJECTS)
def test_a_difference_is_told_by_the_paths_that_differ(old: Any, new: Any) -> None:
    change = fields.diff(old, new, PLAIN)
    assert change.is_none == (old == new)
    back = fields.diff(new, old, PLAIN)
    assert (change.added, change.removed, change.modified) == (back.removed, back.added, back.modified)


@given(OBJECTS)
def test_fields_survive_being_written_down(value: Any) -> None:
    paths = fields.paths_of(value, PLAIN)
    assert fields.decoded(fields.encoded(paths)) == paths


@given(OBJECTS, OBJECTS)
def test_what_was_merged_in_is_there_and_can_be_taken_out(live: Any, applied: Any) -> None:
    both = merged(live, applied, PLAIN)
    assert merged(both, applied, PLAIN) == both
    left = without(both, tree_of(fields.with_names(fields.paths_of(applied, PLAIN), PLAIN)), PLAIN) or {}
    assert left.keys() <= both.keys()
    assert not left.keys() & {
        name for name, value in applied.items() if not isinstance(value, dict) and value is not None
    }


@given(ITEMS, ITEMS)
def test_a_keyed_list_has_the_items_of_both_those_applied_in_their_order(live: Any, applied: Any) -> None:
    both = merged(live, applied, LIST)
    names = [item["name"] for item in both]
    assert sorted(names) == sorted({item["name"] for item in [*live, *applied]})
    order = [item["name"] for item in applied]
    assert [name for name in names if name in order] == order
    assert all(item in both for item in applied)


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_changes_only_what_it_names(item: Any, patch: Any) -> None:
    result = merge(item, patch)
    assert {name: value for name, value in result.items() if name not in patch} == {
        name: value for name, value in item.items() if name not in patch
    }
    assert not {name for name, value in patch.items() if value is None} & result.keys()


def test_ports_are_told_apart_by_number_and_protocol() -> None:
    ports = TYPES["services"].of("spec").of("ports")
    assert fields.element_of({"port": 80}, ports) == 'k:{"port":80,"protocol":"TCP"}'
    assert (
        fields.spelled(("f:spec", "f:ports", 'k:{"port":80,"protocol":"TCP"}')) == '.spec.ports[port=80,protocol="TCP"]'
    )
