"""The page on the command line names every option and its commands run."""

import re
import shlex
from pathlib import Path

import click
import pytest

from sklearn_imbgen.cli._app import app

PAGE = (Path(__file__).parents[2] / "docs" / "command_line.md").read_text()
BLOCKS = "\n".join(re.findall(r"```\n(imbgen .*?)```", PAGE, flags=re.DOTALL)).replace("\\\n", "")
COMMANDS = [line for line in BLOCKS.splitlines() if line.startswith("imbgen")]


@pytest.mark.parametrize("command", app.commands)
def test_every_option_is_in_its_section(command):
    section = PAGE.split(f"\n## {command}: ")[1].split("\n## ")[0]
    for parameter in app.commands[command].params:
        names = parameter.opts if isinstance(parameter, click.Option) else []
        for name in names or [parameter.metavar or parameter.human_readable_name]:
            assert f"`{name}`" in section


def test_the_commands_run(run):
    [table] = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    exec(compile(table, "command_line.md", "exec"), {})
    assert len(COMMANDS) == 4
    for line in COMMANDS:
        small = ("--classifiers", "linear-svc", "--folds", 2) if " compare " in line else ()
        result = run(*shlex.split(line)[1:], *small)
        assert result.exit_code == 0, result.output
