#!/usr/bin/env python3
"""Makes the TypeScript and Python types from the checked-in schemas.

    python3 crates/schema/generate.py install      the pinned tools, into target/tools
    python3 crates/schema/generate.py              typescript/callroute.d.ts, python/callroute.py
    python3 crates/schema/generate.py FOLDER       the same, below another folder

The schemas themselves: CALLROUTE_BLESS=1 cargo test -p callroute-cli schema
"""
import copy
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = pathlib.Path(os.environ.get("CALLROUTE_TOOLS", HERE.parents[1] / "target" / "tools"))
# What was installed, by the digest of these.
STAMP = TOOLS / "installed"
LOCKS = [
    HERE / "typescript" / "package.json",
    HERE / "typescript" / "package-lock.json",
    HERE / "python" / "requirements.txt",
]
BANNER = "Made by crates/schema/generate.py from crates/schema/json: change the Rust types instead."


def installed():
    """Whether the tools that the lock files name are there."""
    return STAMP.is_file() and STAMP.read_text() == wanted()


def wanted():
    return hashlib.sha256(b"".join(path.read_bytes() for path in LOCKS)).hexdigest()


def install():
    """Nothing to do when they are."""
    if installed():
        return
    node, python = TOOLS / "node", TOOLS / "python"
    node.mkdir(parents=True, exist_ok=True)
    for path in LOCKS[:2]:
        shutil.copy(path, node)
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", node)
    run(sys.executable, "-m", "venv", "--clear", python)
    run(python / "bin" / "pip", "install", "--quiet", "--requirement", LOCKS[2])
    STAMP.write_text(wanted())


def generate(folder):
    """Both files, below this folder."""
    if not installed():
        sys.exit(f"{TOOLS} has not the tools that are pinned; run: python3 {sys.argv[0]} install")
    with tempfile.TemporaryDirectory() as scratch:
        source = pathlib.Path(scratch) / "contract.json"
        source.write_text(json.dumps(contract(for_typescript)))
        target = folder / "typescript" / "callroute.d.ts"
        target.parent.mkdir(parents=True, exist_ok=True)
        run(
            TOOLS / "node" / "node_modules" / ".bin" / "json2ts",
            *("--input", source, "--output", target, "--bannerComment", f"// {BANNER}"),
        )
        source.write_text(json.dumps(contract(for_python)))
        target = folder / "python" / "callroute.py"
        target.parent.mkdir(parents=True, exist_ok=True)
        run(
            TOOLS / "python" / "bin" / "datamodel-codegen",
            *("--input", source, "--input-file-type", "jsonschema", "--output", target),
            *("--output-model-type", "typing.TypedDict", "--target-python-version", "3.11"),
            *("--use-title-as-name", "--enum-field-as-literal", "all"),
            *("--use-schema-description", "--use-field-description"),
            *("--use-single-line-docstring", "--use-double-quotes", "--disable-timestamp"),
            *("--formatters", "black", "isort", "--custom-file-header", f"# {BANNER}"),
        )


def contract(adapt):
    """Events and answers as one schema, as one of the generators likes it."""
    definitions = {}
    for kind in ("event", "action"):
        path = HERE / "json" / f"{kind}.schema.json"
        definitions.update(json.loads(path.read_text())["$defs"])
    definitions = copy.deepcopy(definitions)
    for node in nodes(definitions):
        if "const" in node:
            # A word among several needs no type of its own.
            node.pop("title", None)
        adapt(node)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Contract",
        "description": "What passes between callroute and a webhook.",
        "oneOf": [{"$ref": "#/$defs/Event"}, {"$ref": "#/$defs/Actions"}],
        "$defs": definitions,
    }


def for_typescript(node):
    # A reference with a description would become a second type of the same shape.
    if "$ref" in node and "description" in node:
        node["allOf"] = [{"$ref": node.pop("$ref")}]
    # Lists stay lists: tuples of so many are tedious to build.
    node.pop("minItems", None)
    node.pop("maxItems", None)


def for_python(node):
    # Closed TypedDicts need a package beside the standard library.
    if node.get("additionalProperties") is False and "patternProperties" not in node:
        del node["additionalProperties"]


def nodes(value):
    """Every object of a document, the outer before the inner."""
    if isinstance(value, dict):
        yield value
        for inner in list(value.values()):
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: exit {done.returncode}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["install"]:
            install()
        case []:
            generate(HERE)
        case [folder] if not folder.startswith("-"):
            generate(pathlib.Path(folder))
        case _:
            sys.exit(__doc__)
