"""How many workers train, and what each of them gets."""

from shoal.air.errors import SettingInvalid
from shoal.air.parameters import Parameters


class Scaling(Parameters):
    """How many workers train, and what each of them gets.

    workers: 1 trains in a plain Ray task; more train together under Ray Train.
    cpus_per_worker: CPUs, and with that threads, of each. None: a lone worker takes those of the largest node, one of
        many takes 1.
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
            SettingInvalid: a number below one.
        """
        for name, value in (("workers", self.workers), ("cpus_per_worker", self.cpus_per_worker)):
            if value is not None and (not isinstance(value, int) or value < 1):
                raise SettingInvalid(f"Scaling({name}={value!r}) is no whole number above 0")
