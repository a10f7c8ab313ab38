"""How many workers train, and what each of them gets."""

from collections.abc import Mapping
from typing import Any

from shoal.air.arguments import expect, expect_count, expect_number
from shoal.air.parameters import Parameters


class Scaling(Parameters):
    """How many workers train, and what each of them gets.

    workers: 1 trains in a plain Ray task; more train together under Ray Train.
    cpus_per_worker: CPUs, and with that threads, of each. None: a lone worker takes those of the largest node, or, with
        one node, what others leave free of them; one of many takes 1.
    use_gpu: one GPU for each worker.
    storage_path: where workers on several nodes keep the model while they train: a folder that all of them reach, or a
        URL. Ray Train asks for it.
    resources_per_worker: further resources by name, as Ray knows them.
    """

    def __init__(
        self,
        workers: int = 1,
        *,
        cpus_per_worker: int | None = None,
        use_gpu: bool = False,
        resources_per_worker: dict[str, float] | None = None,
        storage_path: str | None = None,
    ) -> None:
        self.workers = workers
        self.cpus_per_worker = cpus_per_worker
        self.use_gpu = use_gpu
        self.resources_per_worker = resources_per_worker
        self.storage_path = storage_path

    def check(self) -> None:
        """
        Raises:
            SettingInvalid: a number below one, or something that is no number.
        """
        for name, value in (("workers", self.workers), ("cpus_per_worker", self.cpus_per_worker)):
            if value is not None:
                expect_count(f"Scaling: {name}", value)
        further = self.resources_per_worker
        if further is not None:
            expect("Scaling: resources_per_worker", further, Mapping, next_step="as {'accelerator': 1}")
            for name, amount in further.items():
                expect_number(f"Scaling: resources_per_worker[{name!r}]", amount)


def expect_scaling(value: Any) -> None:
    """
    Raises:
        SettingInvalid: it is none, and not left out either.
    """
    if value is not None:
        expect("scaling", value, Scaling, next_step="as scaling=air.Scaling(workers=2)")
