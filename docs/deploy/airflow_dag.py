"""Regulars in Airflow 2.10 or 3: the pages every night, and the month closed on its first day.

Copy it into the DAGs folder. Airflow's variables ``regulars_project`` (folder of the project) and ``regulars_datasets``
(names, with a comma between them) say what is built; the connection's or the worker's environment holds
``REGULARS_ID_KEY``. Exit codes 1 and 2 are mended by people, so that only 3, the machine's, is tried again.
"""

from datetime import datetime, timedelta

try:  # Airflow 3
    from airflow.sdk import Variable, dag, task
    from airflow.sdk.exceptions import AirflowFailException
except ImportError:
    from airflow.decorators import dag, task
    from airflow.exceptions import AirflowFailException
    from airflow.models import Variable

TRY_AGAIN = 3
SHARED = {"start_date": datetime(2026, 1, 1), "catchup": False, "max_active_runs": 1, "tags": ["regulars"]}


@task(retries=2, retry_delay=timedelta(minutes=10))
def regulars(command: str, dataset: str) -> None:
    """Run one command for one dataset; its sentences stand in the task's log."""
    import subprocess

    project = Variable.get("regulars_project")
    command_line = [f"{project}/.venv/bin/regulars", command, dataset]
    done = subprocess.run(command_line, cwd=project, capture_output=True, text=True)
    print(done.stdout, done.stderr)
    if done.returncode == TRY_AGAIN:
        raise RuntimeError("the machine failed: tried again")
    if done.returncode:
        raise AirflowFailException(f"regulars {command} {dataset} ended with {done.returncode}: see above what to mend")


def datasets() -> list[str]:
    """Names of the datasets that are built."""
    return [name.strip() for name in Variable.get("regulars_datasets", "shop").split(",") if name.strip()]


@dag(schedule="0 3 * * *", **SHARED)
def regulars_reports():
    """Pages of every dataset, one after the other: each takes all processors for itself."""
    before = None
    for dataset in datasets():
        built = regulars.override(task_id=f"reports_{dataset}")("reports", dataset)
        if before is not None:
            before >> built
        before = built


@dag(schedule="0 5 1 * *", **SHARED)
def regulars_close_month():
    """On the first of the month: the pages as they stand, then what they tell is kept."""
    for dataset in datasets():
        built = regulars.override(task_id=f"reports_{dataset}")("reports", dataset)
        built >> regulars.override(task_id=f"close_month_{dataset}")("close-month", dataset)


regulars_reports()
regulars_close_month()
