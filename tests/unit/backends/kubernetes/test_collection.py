"""The rules by which a picture of the API server is kept, and an older one never takes a newer one's place."""

from msgspec.structs import replace

from shoal.backends.kubernetes.collection import Collection
from shoal.backends.kubernetes.store import Store
from shoal.world.kubernetes import CLUSTER, GROUP, SEAT, TEMPLATE, Meta, Pod, PodCondition, PodStatus, Resource, Shared

KEY = ("default", "demo")
CLUSTER_ITSELF = Resource(Meta("demo", "default", "r1", "1"))


def pod(version: int, *, uid: str = "u1", phase: str = "", name: str = "p", deleted: str | None = None) -> Pod:
    labels = {CLUSTER: "demo"}
    meta = Meta(name, "default", uid, str(version), labels=labels, deletion_timestamp=deleted)
    return Pod(meta, status=PodStatus(phase))


class Watched:
    """A store with one collection of pods, and how often it woke someone."""

    def __init__(self) -> None:
        self.woken: list[tuple[str, str]] = []
        self.store = Store(lambda key, soon: self.woken.append(key))
        self.pods: Collection[Pod] = self.store.collection("Pod", Pod)
        self.resources: Collection[Resource] = self.store.collection("RayCluster", Resource)
        self.resources.listed([CLUSTER_ITSELF], "1")
        self.woken.clear()

    def shown(self) -> list[tuple[str, str, str, bool]]:
        """(name, version, phase, leaving) of every pod that a decision would see."""
        observed = self.store.observed(KEY)
        assert observed is not None
        return [
            (one.metadata.name, one.metadata.resource_version, one.status.phase, bool(one.metadata.deletion_timestamp))
            for one in observed.pods
        ]


def test_what_was_written_is_seen_at_once() -> None:
    watched = Watched()
    watched.pods.wrote(pod(5))
    assert watched.shown() == [("p", "5", "", False)]


def test_of_what_people_note_on_a_pod_only_what_decides_something_is_kept_and_wakes() -> None:
    watched = Watched()
    noted = replace(pod(5).metadata, annotations={"theirs": "x" * 1000, TEMPLATE: "t1"})
    watched.pods.happened("ADDED", replace(pod(5), metadata=noted))
    watched.woken.clear()
    watched.pods.happened(
        "MODIFIED", replace(pod(6), metadata=replace(noted, resource_version="6", annotations={TEMPLATE: "t1"}))
    )
    (kept,) = watched.pods
    assert (kept.metadata.annotations, kept.metadata.labels) == ({TEMPLATE: "t1"}, {CLUSTER: "demo"})
    assert not watched.woken


def test_of_a_raycluster_all_is_kept_but_its_spec_once_more() -> None:
    collection = Watched().store.collection("RayCluster", Resource)
    theirs = {"ray.io/mine": "yes", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
    collection.wrote(Resource(Meta("other", "default", "r2", "3", annotations=theirs)))
    (kept,) = collection
    assert kept.metadata.annotations == {"ray.io/mine": "yes"}


def test_versions_are_compared_as_numbers() -> None:
    watched = Watched()
    watched.pods.happened("ADDED", pod(9))
    watched.pods.happened("MODIFIED", pod(10, phase="Running"))
    assert watched.shown() == [("p", "10", "Running", False)]


def test_an_older_event_does_not_take_back_what_was_written() -> None:
    watched = Watched()
    watched.pods.wrote(pod(7, phase="Running"))
    watched.pods.happened("MODIFIED", pod(6, phase="Pending"))
    assert watched.shown() == [("p", "7", "Running", False)]


def test_an_answer_that_the_watch_has_overtaken_does_not_bring_back_what_is_deleted() -> None:
    watched = Watched()
    watched.pods.happened("ADDED", pod(5))
    watched.pods.happened("DELETED", pod(8))
    watched.pods.wrote(pod(5))
    assert watched.shown() == []


def test_what_was_written_after_the_list_was_made_outlives_the_list() -> None:
    watched = Watched()
    watched.pods.wrote(pod(7))
    watched.pods.listed([], "6")
    assert watched.shown() == [("p", "7", "", False)]


def test_what_is_missing_from_a_newer_list_is_gone() -> None:
    watched = Watched()
    watched.pods.wrote(pod(7))
    watched.pods.listed([], "8")
    assert watched.shown() == []


def test_what_we_deleted_is_leaving_from_then_on_whatever_older_events_say() -> None:
    watched = Watched()
    watched.pods.happened("ADDED", pod(5))
    watched.pods.leaves(("default", "p"), "u1", "now")
    assert watched.shown() == [("p", "5", "", True)]
    watched.pods.happened("MODIFIED", pod(6, phase="Running"))
    assert watched.shown() == [("p", "6", "Running", True)]
    watched.pods.happened("DELETED", pod(9))
    assert watched.shown() == []


def test_a_new_object_of_the_same_name_is_not_leaving() -> None:
    watched = Watched()
    watched.pods.happened("ADDED", pod(5))
    watched.pods.leaves(("default", "p"), "u1", "now")
    watched.pods.wrote(pod(9, uid="u2"))
    assert watched.shown() == [("p", "9", "", False)]
    watched.pods.happened("DELETED", pod(8))
    assert watched.shown() == [("p", "9", "", False)]


def test_what_the_server_no_longer_knows_does_not_come_back_by_a_late_event() -> None:
    watched = Watched()
    watched.pods.happened("ADDED", pod(5))
    watched.pods.vanished(("default", "p"), "u1")
    watched.pods.happened("MODIFIED", pod(6))
    assert watched.shown() == []
    watched.pods.happened("DELETED", pod(7))
    watched.pods.happened("ADDED", pod(8, uid="u2"))
    assert watched.shown() == [("p", "8", "", False)]


def test_only_a_change_that_a_watch_tells_of_and_that_may_decide_something_wakes() -> None:
    watched = Watched()
    watched.pods.wrote(pod(5))
    watched.pods.happened("ADDED", pod(5))
    watched.pods.happened("MODIFIED", pod(6))
    assert watched.woken == []
    watched.pods.happened("MODIFIED", pod(7, phase="Running"))
    assert watched.woken == [KEY]
    watched.pods.happened("DELETED", pod(8))
    assert watched.woken == [KEY, KEY]


def test_a_bookmark_moves_the_watch_on_and_changes_nothing() -> None:
    watched = Watched()
    watched.pods.reached("20")
    watched.pods.wrote(pod(19))
    assert watched.shown() == []


def test_a_pod_whose_label_is_changed_moves_to_the_other_cluster() -> None:
    watched = Watched()
    watched.pods.happened("ADDED", pod(5))
    moved = pod(6)
    moved.metadata.labels[CLUSTER] = "other"
    watched.woken.clear()
    watched.pods.happened("MODIFIED", moved)
    assert watched.shown() == []
    assert set(watched.woken) == {KEY, ("default", "other")}


def test_nothing_is_kept_of_a_cluster_that_is_gone() -> None:
    watched = Watched()
    resources = watched.store.collection("RayCluster", Resource)
    services = watched.store.collection("Service", Shared)
    service = Shared(Meta("s", "default", "u9", "3", labels={CLUSTER: "demo"}))
    services.happened("ADDED", service)
    resources.happened("ADDED", Resource(Meta("demo", "default", "r1", "4")))
    resources.happened("DELETED", Resource(Meta("demo", "default", "r1", "5")))
    services.happened("DELETED", service)
    assert list(watched.store) == []


def test_a_pod_on_its_way_is_urgent_only_when_no_other_of_its_cluster_is_on_its_way() -> None:
    urgent: list[bool] = []
    pods = Store(lambda key, soon: urgent.append(soon)).collection("Pod", Pod)
    pods.wrote(pod(1, name="a"))
    pods.wrote(pod(2, name="b", uid="u2"))
    pods.happened("MODIFIED", ready(pod(3, name="a")))
    pods.happened("MODIFIED", ready(pod(4, name="b", uid="u2")))
    pods.happened("DELETED", pod(5, name="a"))
    assert urgent == [False, True, True]


def test_what_pods_have_in_common_is_kept_once() -> None:
    watched = Watched()
    for version, uid in ((5, "u1"), (6, "u2")):
        watched.pods.happened("ADDED", ready(pod(version, name=f"p-{uid}", uid=uid)))
    one, other = watched.pods
    assert one.status.conditions is other.status.conditions
    assert one != other


def ready(picture: Pod) -> Pod:
    """The same pod, ready, as decoded anew."""
    conditions = (PodCondition("Ready", "True"),)
    return replace(picture, status=replace(picture.status, phase="Running", conditions=conditions))


def test_the_name_of_the_pod_that_went_last_from_each_seat_is_remembered_while_its_cluster_is_there() -> None:
    watched = Watched()

    def worker(name: str, version: int, seat: str) -> Pod:
        one = pod(version, name=name, uid=name)
        labels = {CLUSTER: "demo", GROUP: "g"}
        return replace(one, metadata=replace(one.metadata, labels=labels, annotations={SEAT: seat}))

    def gone() -> frozenset[str]:
        observed = watched.store.observed(KEY)
        return observed.gone if observed is not None else frozenset()

    seats = {"a": "0.0", "b": "1.0", "c": "0.1"}
    for version, (name, seat) in enumerate(seats.items(), 5):
        watched.pods.happened("ADDED", worker(name, version, seat))
    watched.pods.happened("DELETED", worker("a", 10, "0.0"))
    watched.pods.happened("DELETED", worker("b", 11, "1.0"))
    assert gone() == {"a", "b"}
    watched.pods.vanished((KEY[0], "c"), "c")
    assert gone() == {"a", "b"}  # which the watch has not said
    watched.pods.happened("MODIFIED", worker("d", 11, "0.1"))
    watched.pods.happened("DELETED", worker("d", 12, "0.1"))
    assert gone() == {"b", "d"}
    watched.resources.happened("DELETED", CLUSTER_ITSELF)
    made_again = replace(CLUSTER_ITSELF.metadata, resource_version="20")
    watched.resources.happened("ADDED", replace(CLUSTER_ITSELF, metadata=made_again))
    assert gone() == frozenset()
