"""What each stage of the pipeline really imports, to hold against its deps in dvc.yaml.

``python tools/imports.py`` prints the list of every stage; ``python tools/imports.py --write`` puts them into dvc.yaml.
"""

import ast
import json
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "regulars"
RUNNER = "regulars.runner"  # scrubs what a notebook makes, so a notebook stage depends on it
BEGIN, END = "      # library, as imported (python tools/imports.py --write)", "      # end of library"


DATASET = "regulars.dataset"
PSEUDONYMS, KEY = "src/regulars/privacy.py", "data/keys/${key}"  # made anew under another key (regulars.privacy)


def module_file(name: str) -> Path | None:
    """File of a module of the package, or None where the name is no module."""
    base = SOURCE.joinpath(*name.split("."))
    for file in (base.with_suffix(".py"), base / "__init__.py"):
        if file.is_file():
            return file
    return None


@cache
def homes(name: str) -> dict[str, str]:
    """Public name to its module, of a package that loads them when they are first used (`regulars.lazy`)."""
    table = table_of(name, "_HOMES")
    return {public: f"{name}.{module}" for module, names in table.items() for public in names}


def table_of(name: str, variable: str) -> dict:
    """Literal table that a module assigns; empty where it has none."""
    for node in ast.parse(module_file(name).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == variable:
            return ast.literal_eval(node.value)
    return {}


def loaded_late(tree: ast.AST) -> set[str]:
    """Modules that an opened dataset loads when it is asked for what comes from them (`regulars.dataset._LATE`)."""
    table = table_of(DATASET, "_LATE")
    return {table[node.attr] for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in table}


def imported(tree: ast.AST) -> set[str]:
    """Names of the package's modules that a piece of code imports, anywhere; not what only annotations need."""
    found, typed = set(), _only_typed(tree)
    for node in ast.walk(tree):
        if node in typed:
            continue
        if isinstance(node, ast.Import):
            found |= {module for alias in node.names for module in _whole(alias.name)}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                found |= _named(node.module, alias.name)
    return {name for name in found if name.split(".")[0] == "regulars" and module_file(name)}


def _only_typed(tree: ast.AST) -> set[ast.AST]:
    blocks = (node for node in ast.walk(tree) if isinstance(node, ast.If))
    return {node for one in blocks if getattr(one.test, "id", "") == "TYPE_CHECKING" for node in ast.walk(one)}


def _whole(name: str) -> set[str]:
    """A module imported as such: whatever it may hand out later is needed."""
    return {name} | (set(homes(name).values()) if name.startswith("regulars") and module_file(name) else set())


def _named(module: str, name: str) -> set[str]:
    if not module.startswith("regulars") or not module_file(module):
        return set()
    if name in homes(module):
        return {module, homes(module)[name]}
    submodule = f"{module}.{name}"
    return {module} | (_whole(submodule) if module_file(submodule) else set())


def closure(names: set[str]) -> set[str]:
    """Those modules, their packages, and all that they import in turn."""
    seen, waiting = set(), set(names)
    while waiting:
        name = waiting.pop()
        seen.add(name)
        parents = {".".join(name.split(".")[:depth]) for depth in range(1, name.count(".") + 1)}
        waiting |= (imported_by(name) | parents) - seen
    return seen


@cache
def imported_by(name: str) -> set[str]:
    """What one module imports: most modules are behind several stages, and reading them takes time."""
    return imported(ast.parse(module_file(name).read_text(encoding="utf-8")))


def notebook_code(path: Path) -> str:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")


def stage_modules(stage) -> set[str]:
    """Modules behind one stage."""
    if stage.notebook:
        code = ast.parse(notebook_code(ROOT / "notebooks" / stage.notebook))
        return closure(imported(code) | loaded_late(code) | {RUNNER})
    return closure({stage.entry.split(":")[0]})


def files(modules: set[str]) -> list[str]:
    """Rooms of the library in which they lie: folders, with all that is in them, and single files beside them."""
    return sorted({room_path(name).relative_to(ROOT).as_posix() for name in modules})


def room_path(name: str) -> Path:
    """Folder, or single file, directly in the package that holds a module."""
    parts = name.split(".")
    if len(parts) == 1:
        return PACKAGE / "__init__.py"
    folder = PACKAGE / parts[1]
    return folder if folder.is_dir() else folder.with_suffix(".py")


@cache
def stage_files() -> dict[str, list[str]]:
    """Stage name to the files of the library that it depends on, and the key where it makes pseudonyms."""
    from regulars.stages import STAGES

    found = {name: files(stage_modules(stage)) for name, stage in STAGES.items()}
    return {name: [*([KEY] if PSEUDONYMS in listed else []), *listed] for name, listed in found.items()}


def write() -> None:
    """Put the lists into dvc.yaml, between their two comments."""
    path = ROOT / "dvc.yaml"
    wanted, lines, stage, inside = stage_files(), [], None, False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("  ") and line[2] != " " and line.rstrip().endswith(":"):
            stage = line.strip().rstrip(":")
        if line == END:
            inside = False
        if not inside:
            lines.append(line)
        if line == BEGIN:
            inside = True
            lines += [f"      - {name}" for name in wanted[stage]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        write()
    else:
        print(json.dumps(stage_files(), indent=2))
