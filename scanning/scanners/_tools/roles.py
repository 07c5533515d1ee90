"""Say by its name which tool acts on a file."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import PurePath


class Role(StrEnum):
    PACKAGES = "packages"
    RECIPE = "recipe"
    STARTUP = "startup"
    HOOK = "hook"
    HOOK_AT_HAND = "hook at hand"
    GIT_SETTINGS = "git settings"
    GIT_ATTRIBUTES = "git attributes"
    GIT_STORE = "git store"
    LAUNCHER = "launcher"
    TRITON = "triton"
    NONE = ""


_HOOKS = """
applypatch-msg pre-applypatch post-applypatch pre-commit pre-merge-commit prepare-commit-msg
commit-msg post-commit pre-rebase post-checkout post-merge pre-push pre-receive update
post-receive post-update push-to-checkout pre-auto-gc post-rewrite post-index-change
"""
_HOOK_NAMES = frozenset(_HOOKS.split())
_STARTING = """
.envrc .rprofile .bashrc .bash_profile .bash_login .bash_logout .profile .zshrc .zshenv .zprofile
.kshrc .cshrc .tcshrc .pythonrc .pythonrc.py .pdbrc .exrc .vimrc .nvimrc .lldbinit .gdbinit .irbrc
.octaverc sitecustomize.py usercustomize.py
"""
_PACKAGES = re.compile(
    r"(?:(?:[\w.-]*[_.-])?(?:requirements|constraints)[\w.-]*\.(?:txt|in)|conda[\w.-]*\.ya?ml|python_env\.yaml"
    r"|environment[\w.-]*\.ya?ml|pyproject\.toml|setup\.cfg|pipfile|pip\.(?:conf|ini)|\.condarc|\.npmrc"
    r"|\.yarnrc(?:\.yml)?|bentofile\.ya?ml|\.pypirc|uv\.toml)\Z"
)
_RECIPES = re.compile(
    r"(?:gnu)?makefile\Z|.*\.mk\Z|(?:docker|container)file(?:\..*)?\Z|.*\.dockerfile\Z|procfile\Z"
    r"|justfile\Z|jenkinsfile\Z|(?:docker-)?compose[\w.-]*\.ya?ml\Z|\.gitlab-ci\.yml\Z|\.travis\.yml\Z"
    r"|azure-pipelines\.yml\Z|cloudbuild\.ya?ml\Z|\.pre-commit-config\.yaml\Z|tox\.ini\Z|app\.ya?ml\Z"
    r"|default_config\.yaml\Z|dvc\.ya?ml\Z|mlproject\Z|cog\.ya?ml\Z|snakefile\Z|modelfile\Z|taskfile\.ya?ml\Z"
    r"|flow\.dag\.ya?ml\Z|.*\.smk\Z|sky\.ya?ml\Z|apptainer\Z|singularity\Z|.*\.def\Z|nextflow\.config\Z"
)
_LAUNCHERS = frozenset({".desktop", ".service", ".command", ".terminal", ".scf", ".timer"})
_EXACT = {
    **dict.fromkeys(_STARTING.split(), Role.STARTUP),
    ".gitmodules": Role.GIT_SETTINGS,
    ".gitconfig": Role.GIT_SETTINGS,
    ".gitattributes": Role.GIT_ATTRIBUTES,
    ".lfsconfig": Role.GIT_STORE,
    "config.pbtxt": Role.TRITON,
}


def role_of(path: PurePath) -> Role:
    name, folders = path.name.lower(), [part.lower() for part in path.parts[:-1]]
    if ".git" in folders or folders[-1:] in (["hooks"], [".githooks"], [".husky"]):
        return _role_in_git(name, folders)
    if folders[-2:] == [".github", "workflows"]:
        return Role.RECIPE
    if name in _EXACT:
        return _EXACT[name]
    is_launcher = path.suffix.lower() in _LAUNCHERS
    return _role_by_pattern(name) or (Role.LAUNCHER if is_launcher else Role.NONE)


def _role_by_pattern(name: str) -> Role:
    if _PACKAGES.match(name):
        return Role.PACKAGES
    return Role.RECIPE if _RECIPES.match(name) else Role.NONE


def _role_in_git(name: str, folders: list[str]) -> Role:
    if name in _HOOK_NAMES:
        return Role.HOOK if ".git" in folders else Role.HOOK_AT_HAND
    return Role.GIT_SETTINGS if name in {"config", "config.worktree"} else Role.NONE
