"""The command line: ``regulars reports [DATASET]``, ``regulars new NAME FILE…`` and what else `--help` lists."""

import argparse
import errno
import json
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from threading import Thread
from typing import Any, TextIO

from regulars import __version__, lifeline, progress
from regulars.commands.new_project import begin, record_library, renew
from regulars.errors import UserError, printable
from regulars.paths import HISTORY, LOTS, PLANS, make_room_for, project_root
from regulars.run_log import DATA, DONE, MACHINE, Heard, RunLog, peak_memory_mb
from regulars.runner import RUN_LOG_VARIABLE, run_stage
from regulars.settings import check_settings, resolve
from regulars.settings import datasets as datasets_named
from regulars.stages import STAGES

DEBUG_VARIABLE = "REGULARS_DEBUG"
COMPUTING = ("reports", "run", "try", "score", "close-month")  # commands that one waits for, and of which a log is kept
EXIT_CODES = """\
exit codes: 0 done; 1 data or settings are not as they must be; 2 the command was not understood; 3 the machine (disk,
memory, permission, a stage ended from outside) or the program failed; 130, 143 stopped by a signal
"""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# what DVC says besides errors: which stages need not run, how to commit its files, that a page has no tables
DVC_CHATTER = re.compile(
    r"Stage |Running stage|> |Generating lock|Updating lock|Use `dvc push|To track|To enable|\tgit |\tdvc "
    r"|WARNING: '.*' is empty|Data and pipelines are up to date|WARNING: Process |.*RWLock-file"
    r"|Having any troubles|.*https?://(www\.)?dvc\.org|If there are no processes|  \(PID "
)
# a stage that failed has said why itself
STAGE_FAILED = re.compile(r"ERROR: failed to reproduce '.*': failed to run: regulars run .*, exited with (-?\d+)")
KILLED = "regulars: a stage was ended from outside, perhaps for want of memory; earlier outputs stand.\n"
# another DVC, started by hand, works on the same files
BUSY = re.compile(r".*(is busy, it is being blocked by|Unable to acquire lock)")
OTHERWISE = "regulars: dvc, started otherwise, works on these files: wait until it has ended.\n"


# what neither data nor settings can be blamed for
OUTSIDE = {
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "the disk quota is used up: free some space",
    errno.EFBIG: "a file would be larger than is allowed here: raise the limit",
    errno.EACCES: "there is no permission to read or write what is needed: change it",
    errno.EROFS: "the disk cannot be written to: mount it for writing",
}
# errors of the engine and of notebooks, which say in words alone what the system found
SAID = {"OSError", "PermissionError", "IOException"}
NO_MEMORY = {
    "MemoryError": "there is too little memory: free some",
    "OutOfMemoryException": "the engine needs more memory, or more disk for what does not fit: raise engine.memory_gb "
    "in params.yaml, or free some space",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a `UserError` is printed as its one sentence and gives exit code 1.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the process where absent.

    Returns
    -------
    int
        Exit code: 0 done, 1 data or settings, 3 the machine or the program; a command that is not understood ends the
        process with 2.
    """
    parsed = _parser().parse_args(arguments)
    parsed.log = _log_of(parsed, sys.argv[1:] if arguments is None else arguments)
    if arguments is None:  # a program of its own, whose signals it may take
        lifeline.hold(parsed.log and parsed.log.stopped)
    with _listened_to(parsed):
        code = _code_of(parsed)
    if parsed.log:
        parsed.log.ended(code)
    return code


def _code_of(parsed: argparse.Namespace) -> int:
    try:
        return parsed.command(parsed)
    except KeyboardInterrupt:
        print(lifeline.STOPPED, file=sys.stderr)
        return 130
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE) == "1":
            raise
        print(f"regulars: {_sentence(error)}", file=sys.stderr)
        return DATA if isinstance(error, UserError) else MACHINE


def _log_of(parsed: argparse.Namespace, typed: list[str]) -> RunLog | None:
    """Log of a command that computes; none outside a project, and none of a part of a build."""
    is_kept = parsed.name_of_command in COMPUTING and not os.environ.get(lifeline.PART_VARIABLE)
    if not is_kept or not (project_root() / "params.yaml").is_file():
        return None
    dataset = parsed.dataset
    return RunLog(parsed.name_of_command, typed, lambda: [one for one in datasets_named() if dataset in ("", one)])


@contextmanager
def _listened_to(parsed: argparse.Namespace) -> Iterator[None]:
    """Keep what is said in the log; on a terminal show below it how far the work has come; be silent where asked."""
    with ExitStack() as held:
        line = None
        if parsed.name_of_command in COMPUTING and not os.environ.get(lifeline.PART_VARIABLE):
            folder = lifeline.own_folder()
            held.enter_context(lifeline.kept_aside(folder))
            line = held.enter_context(progress.shown(folder, quiet=parsed.quiet))
        if line or parsed.log or parsed.quiet:
            keep, before = parsed.log.said if parsed.log else _forget_it, line and line.clear
            held.enter_context(redirect_stdout(Heard(sys.stdout, keep, before, not parsed.quiet)))
            held.enter_context(redirect_stderr(Heard(sys.stderr, keep, before)))
        yield


def _forget_it(_: str) -> None:
    """Of a command without a log."""


def _sentence(error: Exception) -> str:
    if isinstance(error, UserError):
        return str(error)
    if outside := _outside(error):
        return f"{outside}; earlier outputs stand."
    summary = f"{type(error).__name__}: {error}".strip().splitlines()
    if type(error).__name__ == "PapermillExecutionError":  # not imported: most commands run no notebook
        told: Any = error
        summary = [f"{told.ename}: {told.evalue}".splitlines()[0], f"(in cell {told.exec_count})"]
    return f"this should not have happened: {printable(' '.join(summary[:2]))}; set {DEBUG_VARIABLE}=1 to see where."


def _outside(error: Exception) -> str:
    """What neither data nor settings can be blamed for; empty where it is something else."""
    if isinstance(error, OSError) and error.errno in OUTSIDE:
        file = _relative(error.filename)
        return f"{OUTSIDE[error.errno]}{f' ({file})' if file else ''}"
    name, told = getattr(error, "ename", type(error).__name__), str(error)
    if name in SAID:
        return next((text for number, text in OUTSIDE.items() if os.strerror(number) in told), "")
    return NO_MEMORY.get(name, "")


def _relative(file) -> str:
    path = Path(os.fsdecode(file)) if isinstance(file, str | bytes | os.PathLike) else Path()
    return path.relative_to(project_root()).as_posix() if path.is_relative_to(project_root()) else path.name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="regulars",
        description=__doc__.splitlines()[0],
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"regulars {__version__}")
    parser.add_argument("--quiet", action="store_true", help="say nothing but what went wrong")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="name_of_command")
    run = commands.add_parser("run", help="run one stage for one dataset, without asking what has changed")
    run.add_argument("stage", choices=list(STAGES))
    run.add_argument("dataset")
    run.set_defaults(command=_run)
    reports = commands.add_parser("reports", help="bring the pages up to date: of one dataset, or of all")
    reports.add_argument("dataset", nargs="?", default="")
    reports.set_defaults(command=_reports)
    calls = commands.add_parser("call-list", help="write the list of whom to call, with real ids, outside the pipeline")
    calls.add_argument("dataset")
    calls.add_argument("--output", default="", help="file to write; default private/<dataset>/call-list.csv")
    calls.set_defaults(command=_call_list)
    one = commands.add_parser(
        "customer", help="tell everything of one customer: by number a page with real ids, by pseudonym tables here"
    )
    one.add_argument("dataset")
    one.add_argument("customer", help="number as the source writes it, or the pseudonym of a page")
    one.add_argument(
        "--output", default="", help="file of the page; default private/<dataset>/customer-<pseudonym>.html"
    )
    one.set_defaults(command=_customer)
    same = commands.add_parser(
        "identities", help="find customer ids that may be one person, and write them to be decided"
    )
    same.add_argument("dataset")
    same.set_defaults(command=_identities)
    calls.add_argument("--segment", default="", help="only the customers of this segment, tier or state, for a mailing")
    calls.add_argument("--goods", default="", help="whom to tell of goods: a product's id, or such as category=garden")
    lot = commands.add_parser("draw-lot", help="draw whom the next campaign contacts, and whom it keeps back")
    lot.add_argument("dataset")
    lot.add_argument("campaign", help="its number, as the table campaigns will have it")
    lot.add_argument("--control", type=float, default=0.1, help="share kept back; default 0.1")
    lot.add_argument("--calls", action="store_true", help="draw from the call list of the retention page alone")
    lot.add_argument("--draw", type=int, default=1, help="another number is another lot of the same campaign")
    lot.add_argument("--output", default="", help="file with real ids; default private/<dataset>/lot-<campaign>.csv")
    lot.set_defaults(command=_draw_lot)
    calendar = commands.add_parser("calendar", help="write what is planned and every next contact as .ics")
    calendar.add_argument("dataset")
    calendar.add_argument("--owner", default="", help="of one owner alone")
    calendar.add_argument("--output", default="", help="file to write; default private/<dataset>/calendar.ics")
    calendar.set_defaults(command=_calendar)
    owner = commands.add_parser("change-owner", help="give prospects, cases or activities to somebody else, in bulk")
    owner.add_argument("dataset")
    owner.add_argument("before", help="who has had them")
    owner.add_argument("owner", help="who has them from now on")
    owner.add_argument("--table", default="prospects", help="prospects, tickets, activities or customers")
    owner.add_argument("--row", default="", help="one row alone, by its id")
    owner.set_defaults(command=_change_owner)
    close = commands.add_parser(
        "close-month", help="save what the pages tell now, to be scored by those of later months"
    )
    close.add_argument("dataset")
    close.set_defaults(command=_close_month)
    share = commands.add_parser("share", help="make one file to forward of a dataset's pages: a zip, or a PDF")
    share.add_argument("dataset")
    share.add_argument("--pdf", action="store_true", help="print all pages into one PDF, by the Chromium that is there")
    share.add_argument("--output", default="", help="file to write; default scratch/<dataset>-<last day>.zip")
    share.set_defaults(command=_share)
    cube = commands.add_parser("cube", help="write one offline file of aggregates to drill, rotate and slice")
    cube.add_argument("dataset")
    cube.add_argument("--by", default="", help="attributes, as region,segment; default time, category and more")
    cube.add_argument("--output", default="", help="file to write; default scratch/<dataset>-cube.html")
    cube.set_defaults(command=_cube)
    score = commands.add_parser("score", help="score every customer inside the engine that params.yaml names, as Spark")
    score.add_argument("dataset")
    score.add_argument("--output", default="", help="where the engine writes; default private/<dataset>/scores.parquet")
    score.set_defaults(command=_score)
    forget = commands.add_parser("forget", help="remove customers from all that is kept, and never read them again")
    forget.add_argument("dataset")
    forget.add_argument("customer", nargs="+", help="id, as the source writes it")
    forget.set_defaults(command=_forget)
    upgrade = commands.add_parser("upgrade", help="bring params.yaml and mappings of an earlier version up to this one")
    upgrade.set_defaults(command=_upgrade)
    remove = commands.add_parser("remove", help="take a dataset and all that was made of it out of the project")
    remove.add_argument("dataset")
    remove.set_defaults(command=_remove)
    tried = commands.add_parser("try", help="carry other settings through the pipeline, aside, and make pages of it")
    tried.add_argument("dataset")
    tried.add_argument("changes", nargs="+", metavar="NAME=VALUE", help="such as margin=0.4")
    tried.set_defaults(command=_try)
    begun = commands.add_parser("init", help="make a project of one's own in a folder, outside the library")
    begun.add_argument("folder", type=Path)
    begun.add_argument("--renew", action="store_true", help="bring notebooks and pipeline up to the installed library")
    begun.set_defaults(command=_init)
    new = commands.add_parser("new", help="look at a firm's files and write the mapping that they suggest")
    new.add_argument("name", help="what the dataset will be called")
    new.add_argument(
        "source", nargs="+", help="files; a mapping (.yaml), taken as it is; or the URL of a database and its tables"
    )
    new.add_argument("--currency", default="", help="code of its money, such as EUR")
    new.set_defaults(command=_new)
    for command in commands.choices.values():  # before the command or behind it
        command.add_argument("--quiet", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    dataset, stage = arguments.dataset, arguments.stage
    print(f"  {dataset:<12} {stage:<13} begins", flush=True)
    with progress.work(f"{dataset} {stage}"):
        if STAGES[stage].notebook:
            progress.watch_cells()
        seconds = run_stage(stage, dataset)
    print(f"  {dataset:<12} {stage:<13} {seconds:5.1f} s", flush=True)
    _measured({"dataset": dataset, "stage": stage, "peak_memory_mb": peak_memory_mb()}, seconds, arguments.log)
    return DONE


def _measured(run: dict, seconds: float, log: RunLog | None) -> None:
    """Hand what a stage needed to the build that it is part of, or to its own log."""
    if build := os.environ.get(RUN_LOG_VARIABLE):
        with Path(build).open("a", encoding="utf-8") as file:
            file.write(json.dumps(run) + "\n")
    elif log:
        log.stages.append(run | {"seconds": seconds})


def _runs(log: Path) -> list[dict]:
    """The stages that ran in a build: what the runner and what `_measured` say of each."""
    found: dict[tuple, dict] = {}
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
        run = json.loads(line)
        found.setdefault((run["dataset"], run["stage"]), {}).update(run)
    return list(found.values())


def _new(arguments: argparse.Namespace) -> int:
    from regulars.sources.discovery import new_dataset

    proposal = new_dataset(arguments.name, arguments.source, arguments.currency)
    for title, lines in {"Found": proposal.concluded, "Worth a look": proposal.unsure}.items():
        if lines:
            print(f"{title}:", *(f"  {printable(line)}" for line in lines), sep="\n")
    if not proposal.has_orders:
        print(f"regulars: nothing was written: {printable(proposal.questions[0])}", file=sys.stderr)
        return DATA
    for folder in (HISTORY, PLANS, LOTS):  # stages depend on them: tracked, they are there in a clone and an experiment
        place = project_root() / folder / arguments.name
        place.mkdir(parents=True, exist_ok=True)
        (place / ".gitkeep").touch()
    print(f"\ndata/sources/{arguments.name}.yaml is written, and {arguments.name} stands in params.yaml.")
    if proposal.questions:
        asked = (f"  {printable(line)}" for line in proposal.questions)
        print('To be answered there, wherever it says "?":', *asked, sep="\n")
    key = "" if os.environ.get("REGULARS_ID_KEY") else "export REGULARS_ID_KEY=<a long random text>; "
    print(f"\nThen: {key}regulars reports {arguments.name}")
    return DONE


def _init(arguments: argparse.Namespace) -> int:
    if arguments.renew:
        changed = renew(arguments.folder)
        print("Renewed:" if changed else "Nothing to renew.", *(f"  {name}" for name in changed), sep="\n")
        return DONE
    made = begin(arguments.folder, __version__)
    print(f"{made} is a project. There: regulars reports demo; its README.md says more.")
    return DONE


def _forget(arguments: argparse.Namespace) -> int:
    from regulars.commands.forget import forget

    print(*forget(arguments.dataset, arguments.customer), sep="\n")
    return DONE


def _upgrade(_: argparse.Namespace) -> int:
    from regulars.commands.upgrade import upgrade

    print(*(upgrade() or ["Nothing to change: the project is laid out as this version wants it."]), sep="\n")
    return DONE


def _remove(arguments: argparse.Namespace) -> int:
    from regulars.commands.remove import remove

    gone = remove(arguments.dataset)
    _lead_to(datasets_named())
    print(f"{arguments.dataset} is taken out:", *(f"  {one}" for one in gone), sep="\n")
    print("The files that it was read from lie where they were; what was committed stays in git's history.")
    return DONE


def _try(arguments: argparse.Namespace) -> int:
    import yaml

    from regulars.dataset import open as open_dataset

    wrong = [one for one in arguments.changes if "=" not in one]
    if wrong:
        raise UserError(f"'{wrong[0]}' is no setting and value: write one as margin=0.4.")
    changes = {name: yaml.safe_load(value) for name, _, value in (one.partition("=") for one in arguments.changes)}
    print(f"{_relative(open_dataset(arguments.dataset, **changes).pages())}: computed with these settings, beside the")
    print("official pages, which stay as they are.")
    return DONE


def _score(arguments: argparse.Namespace) -> int:
    from regulars.commands.score_everybody import destination, score, write

    place = destination(arguments.dataset, arguments.output)
    scored = score(arguments.dataset)
    write(scored, place)
    rows, found = scored.account["rows"], scored.found
    print(f"{rows['raw']:,} rows: " + ", ".join(f"{rows[fate]:,} {fate}" for fate in list(rows)[1:]) + ".")
    print(f"{found.customers:,} customers, fitted on {found.histories:,} distinct histories.")
    for what, total in {"orders": found.orders_total, "customer lifetime value": found.clv_total}.items():
        print(f"expected {what}: {total.value:,.0f} ({total.low:,.0f} to {total.high:,.0f})")
    if scored.level.is_mixed:
        print(
            "These are the model's alone: so short a log cannot show who leaves, and the pages, which mix in what "
            "longer logs have shown, may tell less."
        )
    print(f"{place}: the scores of each, under their real ids.")
    return DONE


def _call_list(arguments: argparse.Namespace) -> int:
    from regulars.commands.call_list import write_call_list, write_goods, write_monday, write_segment

    output = Path(arguments.output) if arguments.output else None
    if arguments.goods:
        written = write_goods(arguments.dataset, arguments.goods, output)
    elif arguments.segment:
        written = write_segment(arguments.dataset, arguments.segment, output)
    else:
        written = write_call_list(arguments.dataset, output)
    told = "customers with their real ids, for your eyes only (mode 600)."
    print(f"{_shown(written.file)}: {written.customers} {told}")
    if written.without_consent:
        print(f"{written.without_consent} of the list said no to being contacted and are left off.")
    if written.contacted_lately:
        print(f"{written.contacted_lately} of the list were contacted lately and are left off.")
    if written.kept_back:
        print(f"{written.kept_back} of the list are kept back by a lot that still runs and are left off.")
    monday = None if arguments.segment or arguments.goods or output else write_monday(arguments.dataset)
    if monday:
        print(
            f"{_shown(monday.file)}: {monday.customers} errands of this week over all pages, with channel and reason."
        )
    return DONE


def _customer(arguments: argparse.Namespace) -> int:
    from regulars.customer import write_page
    from regulars.dataset import open as open_dataset

    one = open_dataset(arguments.dataset).customer(arguments.customer)
    if arguments.customer == one.customer and not arguments.output:
        print(printable(str(one)))
        return DONE
    written = write_page(one, Path(arguments.output) if arguments.output else None)
    print(f"{_shown(written.file)}: rows that name the customer: {written.rows:,}; for your eyes only (mode 600).")
    return DONE


def _identities(arguments: argparse.Namespace) -> int:
    from regulars.commands.identities import write_proposals

    written = write_proposals(arguments.dataset)
    decisions, values = (file.relative_to(project_root()) for file in (written.decisions, written.values))
    print(f"{decisions}: {written.pairs} pairs of ids, {written.decided} decided; write yes or no beside the others.")
    print(f"{values}: what is known of both sides, for your eyes only (mode 600).")
    if written.by_rules_alone:
        print(f"By rules alone: {written.by_rules_alone}")
    print(f"Name the first in data/sources/{arguments.dataset}.yaml: identity_decisions: {decisions}")
    return DONE


def _share(arguments: argparse.Namespace) -> int:
    from regulars.commands.share import share

    file = share(arguments.dataset, Path(arguments.output).resolve() if arguments.output else None, pdf=arguments.pdf)
    print(f"{_relative(file)}: {file.stat().st_size / 1e6:.1f} MB, to be forwarded as it is.")
    return DONE


def _cube(arguments: argparse.Namespace) -> int:
    from regulars.commands.cube_file import write_cube

    by = [level.strip() for level in arguments.by.split(",") if level.strip()]
    file = write_cube(arguments.dataset, Path(arguments.output).resolve() if arguments.output else None, by)
    print(
        f"{_relative(file)}: {file.stat().st_size / 1e6:.1f} MB of aggregates, small cells left out; it opens offline."
    )
    return DONE


def _draw_lot(arguments: argparse.Namespace) -> int:
    from regulars.commands.draw_lot import draw_lot

    output = Path(arguments.output) if arguments.output else None
    lot = draw_lot(
        arguments.dataset,
        arguments.campaign,
        arguments.control,
        of_calls=arguments.calls,
        version=arguments.draw,
        output=output,
    )
    print(f"{_shown(lot.file)}: {lot.contacted:,} to contact, {lot.controls:,} to keep back, with their real ids.")
    print(f"{_shown(lot.kept)}: the same by pseudonym; commit it.")
    left_out = {
        "who said no": lot.without_consent,
        "contacted lately": lot.contacted_lately,
        "kept back by a lot that still runs": lot.kept_back,
    }
    if any(left_out.values()):
        print("Left out: " + ", ".join(f"{many:,} {why}" for why, many in left_out.items() if many) + ".")
    return DONE


def _calendar(arguments: argparse.Namespace) -> int:
    from regulars.commands.desk_files import write_calendar

    made = write_calendar(arguments.dataset, Path(arguments.output) if arguments.output else None, arguments.owner)
    print(f"{_shown(made.file)}: {made.activities:,} activities and {made.contacts:,} next contacts.")
    return DONE


def _change_owner(arguments: argparse.Namespace) -> int:
    from regulars.commands.desk_files import change_owner

    names = {"table": arguments.table, "row": arguments.row}
    file = change_owner(arguments.dataset, arguments.before, arguments.owner, **names)
    print(f"{_shown(file)}: noted; cleaning applies it at the next run.")
    return DONE


def _shown(file: Path) -> str:
    return _relative(file) if file.is_absolute() else str(file)


def _close_month(arguments: argparse.Namespace) -> int:
    from regulars.commands.close_month import close_month
    from regulars.dataset import open as open_dataset

    print(f"{close_month(open_dataset(arguments.dataset))}: saved; commit it.")
    return DONE


def _reports(arguments: argparse.Namespace) -> int:
    known = datasets_named()
    if arguments.dataset and arguments.dataset not in known:
        resolve("pages", arguments.dataset)  # raises the sentence that lists the datasets
    check_settings()  # what all datasets share
    record_library(project_root())
    datasets = [arguments.dataset] if arguments.dataset else known
    started = time.perf_counter()
    refused = {dataset: sentence for dataset in datasets if (sentence := _refused(dataset))}
    for dataset, sentence in refused.items():
        print(f"regulars: {dataset}: {sentence}", file=sys.stderr)
    sound = [dataset for dataset in datasets if dataset not in refused]
    with ExitStack() as held:
        for dataset in sorted(sound):  # always in this order, so that no two builds wait for one another
            waiting = f"regulars: another build of {dataset} is running; this one waits until it has ended."
            held.enter_context(lifeline.alone(_dvc_place(f"regulars-{dataset}.lock"), waiting))
        folder = lifeline.own_folder()
        held.enter_context(lifeline.kept_aside(folder))
        lifeline.clear_lock(_dvc_place("rwlock"))
        held.callback(_close_cache)
        log = folder / "runs.jsonl"
        codes = _reproduce_each(sound, log)
        runs = _runs(log)
    if arguments.log:
        arguments.log.stages += runs
    built = [dataset for dataset in sound if not codes[dataset]]
    for dataset in built:
        print(_dataset_line(dataset, runs))
    if built:
        _lead_to(known)
    print(f"{time.perf_counter() - started:.1f} s in all", flush=True)
    if len(built) == len(datasets):
        return DONE
    if len(datasets) > 1:
        missing = ", ".join(dataset for dataset in datasets if dataset not in built)
        others = "the others are up to date" if built else "nor is any other"
        print(f"regulars: {missing}: not built, for the reason above; {others}.", file=sys.stderr)
    return max([DATA, *codes.values()])


def _lead_to(datasets: list[str]) -> None:
    """One page over all datasets, where those that stand have changed."""
    from regulars.pages.overview import is_out_of_date, write_overview

    if is_out_of_date(datasets):
        write_overview({name: resolve("pages", name)["language"] for name in datasets})


def _refused(dataset: str) -> str:
    """Why a dataset cannot be built, as far as it can be told before any work is done; empty where nothing is wrong."""
    # these take most of a second, which `run` need not wait for
    from regulars.privacy import need_key, record_key
    from regulars.sources.mapping import load_mapping

    try:
        check_settings(dataset)
        if not (project_root() / "reports" / dataset / "index.html").is_file():  # all of it has yet to be made
            need_key(dataset)
        load_mapping(dataset)
        record_key(dataset)
    except UserError as error:
        return str(error)
    return ""


def _reproduce_each(datasets: list[str], log: Path) -> dict[str, int]:
    """Bring the datasets up to date, as many at a time as there are processors; exit code of each."""
    cores = os.cpu_count() or 1
    workers = max(min(len(datasets), cores), 1)
    with ThreadPoolExecutor(workers) as pool:
        # numerical libraries would each take every processor, and wait for one another
        codes = pool.map(lambda dataset: _bring_up_to_date(dataset, log, max(cores // workers, 1)), datasets)
        return dict(zip(datasets, codes, strict=True))


def _bring_up_to_date(dataset: str, log: Path, threads: int) -> int:
    from regulars.sources.ingest import has_changed

    make_room_for(dataset)
    try:
        renewed = has_changed(dataset)
    except UserError as error:
        print(f"regulars: {dataset}: {error}", file=sys.stderr)
        return DATA
    code = _reproduce(["--force", "--single-item", f"ingest@{dataset}"], log, threads) if renewed else 0
    return code or _reproduce([f"scores@{dataset}", f"pages@{dataset}"], log, threads)


def _close_cache() -> None:
    """DVC's cache holds what the data folders hold: nobody else on the machine sees its inside either."""
    cache = project_root() / ".dvc" / "cache"
    if cache.is_dir():
        cache.chmod(0o700)


def _dvc_place(name: str) -> Path:
    return project_root() / ".dvc" / "tmp" / name


def _reproduce(options: list[str], log: Path, threads: int | None = None) -> int:
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES if threads else (), str(threads))
    environment |= {
        RUN_LOG_VARIABLE: str(log),
        lifeline.PART_VARIABLE: str(os.getpid()),
        # DVC starts its stages through the shell: they must find this environment first
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }
    # DVC lets go of its lock while a stage runs; another dataset's process then only waits for its turn
    command = [sys.executable, "-m", "regulars.lifeline", "--wait-for-lock", "repro", *options]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    process = subprocess.Popen(command, cwd=project_root(), env=environment, close_fds=os.name != "posix", **pipes)
    failed: list[int] = []  # exit codes of stages
    complaints = Thread(target=_pass_on, args=(process.stderr, sys.stderr, failed))
    complaints.start()
    _pass_on(process.stdout, sys.stdout, failed)
    complaints.join()
    if not process.wait():
        return DONE
    return DATA if failed and set(failed) == {DATA} else MACHINE  # DVC itself ends with 255 whatever failed


def _pass_on(lines: Iterable[str] | None, target: TextIO, failures: list[int]) -> None:
    for line in lines or ():
        if failed := STAGE_FAILED.match(line):
            failures.append(int(failed[1]))
            line = KILLED if failures[-1] not in (DATA, MACHINE) else ""
        line = OTHERWISE if BUSY.match(line) else line
        if line.strip() and not DVC_CHATTER.match(line) and not lifeline.ENDING.is_set():
            print(line, end="", file=target, flush=True)


def _dataset_line(dataset: str, runs: list[dict]) -> str:
    seconds: dict[str, float] = defaultdict(float)
    for run in runs:
        seconds[run["dataset"]] += run["seconds"]
    page = Path("reports", dataset, "index.html")
    took = f"{seconds[dataset]:.1f} s" if dataset in seconds else "nothing had changed"
    return f"{dataset}: open {page} ({took})"


if __name__ == "__main__":
    sys.exit(main())
