"""Which build a worker is of, by which the server knows whose tasks it may have."""

from typing import TypedDict

from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import WorkerDeploymentConfig

from weaver.settings import Settings
from workflows.deployment_names import DEPLOYMENT

NO_BUILD = "weaver"
"""Given to each worker only because the SDK otherwise makes one of the code of all loaded modules, which takes 0.2 s."""


class Build(TypedDict, total=False):
    """The arguments of a worker that say its build."""

    build_id: str
    deployment_config: WorkerDeploymentConfig


def build_of(settings: Settings) -> Build:
    """Return what a worker says of its build. Without versions any worker may have any task, so workflows must replay all histories."""
    if settings.versioning == "off":
        return {"build_id": NO_BUILD}
    version = WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=settings.build)
    return {
        "deployment_config": WorkerDeploymentConfig(
            version=version, use_worker_versioning=True, default_versioning_behavior=VersioningBehavior.PINNED
        )
    }
