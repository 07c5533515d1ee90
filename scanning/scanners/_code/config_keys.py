"""Judge what single keys of a configuration ask their library to import, build or read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from scanning.scanners._code.server_keys import SERVER_JUDGES, SERVER_RULES
from scanning.scanners._code.targets import TARGET_KEYS, is_target_dangerous, target_findings
from scanning.scanners._globals_dangerous import is_dangerous
from scanning.scanners._nested import tables_in
from scanning.scanners._tensors.paths import leads_away
from scanning.scanners.base import Finding, Rule, Severity

_CWE = "https://cwe.mitre.org/data/definitions/"
KEY_RULES = {
    **SERVER_RULES,
    "config_path": Rule("Configuration reads files elsewhere", f"{_CWE}22.html"),
    "config_library": Rule("Configuration loads a native library", f"{_CWE}114.html"),
    "config_chain": Rule(
        "Configuration builds a chain that runs code",
        "https://nvd.nist.gov/vuln/detail/CVE-2023-36258",
    ),
    "config_command": Rule("Configuration has a command that tools run", f"{_CWE}78.html"),
    "json_java_object": Rule("Builds objects of Java", f"{_CWE}502.html"),
    "json_python_object": Rule("Builds objects by jsonpickle", f"{_CWE}502.html"),
    "remote_code": Rule("Names code of its repository", f"{_CWE}829.html"),
    "remote_code_elsewhere": Rule("Names code of another repository", f"{_CWE}494.html"),
}
_PICKLED_KEYS = frozenset(
    {
        "py/reduce",
        "py/object",
        "py/type",
        "py/function",
        "py/object_args",
        "py/repr",
        "py/method",
        "py/mod",
        "py/module",
        "py/newargs",
        "py/newargsex",
        "py/newobj",
        "py/initargs",
    }
)
_RUN_AT_ONCE = frozenset({"py/reduce", "py/function", "py/repr"})
_KERNEL_KEYS = frozenset({"_attn_implementation", "attn_implementation"})
_KNOWN_PARENTS = frozenset(
    {"transformers", "diffusers", "timm", "sentence_transformers", "torch", "torchvision", "peft"}
)
_ACTIVATION_KEYS = frozenset(
    {"activation_function", "activation_fn", "sbert_ce_default_activation_function"}
)
_COMMAND_WORDS = """
postCreateCommand postStartCommand postAttachCommand onCreateCommand initializeCommand preinstall
postinstall
"""
_COMMAND_KEYS = frozenset(_COMMAND_WORDS.split())
_JAVA = re.compile(r"(?:com\.sun|javax|java\.(?:lang|net|rmi)|org\.(?:apache|springframework))\.")
_CHAINS = frozenset({"pal_chain", "llm_bash_chain", "bash_chain", "shell", "python_repl"})
_KNOWN_CLASSES = ("torch.nn.", "sentence_transformers.", "transformers.activations.")
_PAIR = 2
_SERVER_KEYS = ("mcpServers", "mcp_servers", "servers", "context_servers")
# Where a pipeline of diffusers takes its parts from; any other module is a file of the repository.
_PIPELINE_WORDS = """
diffusers transformers onnxruntime optimum peft timm sentence_transformers open_clip accelerate
alt_diffusion amused animatediff audioldm audioldm2 aura_flow blip_diffusion bria chroma cogvideo
cogview3 cogview4 consisid controlnet cosmos deepfloyd_if deprecated flux flux2 hidream_image
hunyuan_image hunyuan_video hunyuandit kandinsky kandinsky2_2 kandinsky3 kolors
latent_consistency_models latent_diffusion latte ledits_pp ltx ltx2 lumina lumina2 marigold mochi
musicldm omnigen pag paint_by_example pia pixart_alpha prx qwenimage sana sana_video
semantic_stable_diffusion shap_e skyreels_v2 spectrogram_diffusion stable_audio stable_cascade
stable_diffusion stable_diffusion_3 stable_diffusion_attend_and_excite stable_diffusion_gligen
stable_diffusion_k_diffusion stable_diffusion_safe stable_diffusion_xl stable_video_diffusion
t2i_adapter text_to_video_synthesis unclip unidiffuser versatile_diffusion visualcloze vq_diffusion
wan wuerstchen ace_step ideogram4 z_image easyanimate allegro kandinsky5 hunyuan_video1_5
krea2 longcat_image longcat_audio_dit lucy joyimage ovis_image glm_image helios llada2 motif_video
bria_fibo dreamlite ernie_image chronoedit nucleusmoe_image i2vgen_xl ddim ddpm dit
"""
_PIPELINE_PARTS = frozenset(_PIPELINE_WORDS.split())
# Keys of MLflow's description that name a file or a folder of the model.
PATH_KEYS = frozenset(
    {"model_path", "pickled_model", "data", "code", "python_model", "model_code_path", "model_data"}
)


def table_findings(table: dict[str, Any]) -> Iterator[Finding]:
    for key in table.keys() & _JUDGES.keys():
        yield from _JUDGES[key](table, key)


def _says(value: object) -> bool:
    """A number says nothing: in a vocabulary any word is a key with its number."""
    if isinstance(value, str):
        return bool(value) and not value.isdigit()  # numbers are read as text
    return bool(value) and isinstance(value, list | dict)


def _repository_code(table: dict[str, Any], key: str) -> Iterator[Finding]:
    if _says(table[key]):
        yield named_code(table[key], key)


def _target(table: dict[str, Any], key: str) -> Iterator[Finding]:
    yield from target_findings(table[key], key)


def _pickled(table: dict[str, Any], key: str) -> Iterator[Finding]:
    if not _says(table[key]):
        return
    message = "asks jsonpickle to build objects"
    module, _, name = str(table[key]).rpartition(".")
    is_worst = key in _RUN_AT_ONCE or (key == "py/object" and is_dangerous(module, name))
    worst = Severity.HIGH if is_worst else Severity.MEDIUM
    yield Finding("json_python_object", worst, message, str(table[key])[:200], key)


def _kernel(table: dict[str, Any], key: str) -> Iterator[Finding]:
    evidence = str(table[key])[:200]
    if "/" in evidence:
        message = "fetches the code of its attention from another repository"
        yield Finding("remote_code_elsewhere", Severity.MEDIUM, message, evidence, key)


def _library(table: dict[str, Any], key: str) -> Iterator[Finding]:
    if _says(table[key]):
        message = "loads a library of machine code"
        yield Finding("config_library", Severity.MEDIUM, message, str(table[key])[:200], key)


def _activation(table: dict[str, Any], key: str) -> Iterator[Finding]:
    """Sentence Transformers imports it by its name and calls it."""
    value = table[key]
    if isinstance(value, str) and "." in value and not value.startswith(_KNOWN_CLASSES):
        yield named_code(value, key)
        yield from target_findings(value, key)


def _routes(table: dict[str, Any], key: str) -> Iterator[Finding]:
    """The classes that a router of Sentence Transformers imports."""
    kinds = table[key] if isinstance(table[key], dict) and "structure" in table else {}
    for kind in kinds.values():
        if isinstance(kind, str) and not kind.startswith("sentence_transformers."):
            yield named_code(kind, key)
            yield from target_findings(kind, key)


def _command(table: dict[str, Any], key: str) -> Iterator[Finding]:
    """What an editor or a package manager runs by itself when it meets the folder."""
    if _says(table[key]) and (key != "runOn" or table[key] == "folderOpen"):
        message = "has a command that tools run when they open or install the folder"
        yield Finding("config_command", Severity.MEDIUM, message, str(table[key])[:200], key)


def _java(table: dict[str, Any], key: str) -> Iterator[Finding]:
    if isinstance(table[key], str) and _JAVA.match(table[key]):
        message = "asks a reader in Java to build objects"
        yield Finding("json_java_object", Severity.MEDIUM, message, table[key][:200], key)


def named_code(value: object, key: str) -> Finding:
    evidence = json.dumps(value)[:200]
    if "--" in evidence:
        message = "names Python classes of another repository, which is not looked at here"
        return Finding("remote_code_elsewhere", Severity.MEDIUM, message, evidence, key)
    message = "names Python classes to be run with trust_remote_code"
    return Finding("remote_code", Severity.MEDIUM, message, evidence, key)


def path_finding(path: str, key: str) -> Finding:
    message = "reads a file outside of its folder"
    return Finding("config_path", Severity.HIGH, message, path[:200], key)


def imported(module: str, key: str, known: frozenset[str]) -> Iterator[Finding]:
    """A module that a library imports for a configuration."""
    if module.partition(".")[0] in known:
        return
    if is_target_dangerous(module, "x"):
        message = f"asks for {module} to be imported, which can run anything"
        yield Finding("config_target", Severity.HIGH, message, module[:200], key)
    else:
        message = "asks for a module of its own to be imported"
        yield Finding("remote_code", Severity.MEDIUM, message, module[:200], key)


def _diffusers(table: dict[str, Any], _: str) -> Iterator[Finding]:
    """A pipeline: each part is a pair of a library and a class in it."""
    kind = table["_class_name"]
    if isinstance(kind, list):
        yield named_code(kind, "_class_name")
    pairs = {key: value for key, value in table.items() if key != "_class_name" and _is_pair(value)}
    is_index = "Pipeline" in str(kind) or any(
        _top(pair) in _PIPELINE_PARTS for pair in pairs.values()
    )
    for key, pair in pairs.items():
        yield from target_findings(".".join(pair), key)
        is_part = is_index or (pair[0].islower() and pair[1][:1].isupper())
        if is_part and _top(pair) not in _PIPELINE_PARTS:
            yield named_code(pair, key)


def _is_pair(value: object) -> bool:
    if not isinstance(value, list) or len(value) != _PAIR:
        return False
    return all(isinstance(one, str) for one in value)


def _top(pair: list[str]) -> str:
    return pair[0].partition(".")[0]


def _servers(table: dict[str, Any], key: str) -> Iterator[Finding]:
    """Programs that a client of the Model Context Protocol starts, by itself in some."""
    for one in tables_in(table[key]):
        if isinstance(one.get("command"), str) and ("args" in one or one.get("type") == "stdio"):
            message = "has a command that tools start for its model"
            evidence = json.dumps([one["command"], one.get("args")])[:200]
            yield Finding("config_command", Severity.MEDIUM, message, evidence, key)


def _shards(table: dict[str, Any], key: str) -> Iterator[Finding]:
    places = table[key].values() if isinstance(table[key], dict) else ()
    away = {path for path in places if isinstance(path, str) and leads_away(path)}
    yield from (path_finding(path, key) for path in sorted(away)[:5])


def _parent(table: dict[str, Any], key: str) -> Iterator[Finding]:
    """PEFT imports the library that the class of its base model came from."""
    if isinstance(table[key], str) and "base_model_class" in table:
        yield from imported(table[key], key, _KNOWN_PARENTS)


def _built(table: dict[str, Any], key: str) -> Iterator[Finding]:
    """LangChain builds what `id` spells when it loads what it has saved."""
    parts = table.get("id")
    if table[key] and isinstance(parts, list) and all(isinstance(part, str) for part in parts):
        yield from target_findings(".".join(parts), "id")


def _chain(table: dict[str, Any], key: str) -> Iterator[Finding]:
    if isinstance(table[key], str) and table[key] in _CHAINS:
        message = "builds a chain that runs what a model writes"
        yield Finding("config_chain", Severity.MEDIUM, message, table[key], key)


_JUDGES: dict[str, Callable[[dict[str, Any], str], Iterator[Finding]]] = {
    **SERVER_JUDGES,
    **dict.fromkeys(("auto_map", "custom_pipelines", "custom_generate"), _repository_code),
    **dict.fromkeys(TARGET_KEYS, _target),
    **dict.fromkeys(_PICKLED_KEYS, _pickled),
    **dict.fromkeys(_KERNEL_KEYS, _kernel),
    **dict.fromkeys(_ACTIVATION_KEYS, _activation),
    **dict.fromkeys((*_COMMAND_KEYS, "runOn"), _command),
    **dict.fromkeys(("@type", "@class"), _java),
    **dict.fromkeys(_SERVER_KEYS, _servers),
    "types": _routes,
    "custom_ops_library": _library,
    "_class_name": _diffusers,
    "weight_map": _shards,
    "parent_library": _parent,
    "lc": _built,
    "_type": _chain,
}
TELLING_KEYS = frozenset(_JUDGES) | {"structure", "base_model_class", "id"}  # what judges look at
