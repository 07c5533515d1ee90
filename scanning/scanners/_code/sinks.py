"""What functions of Python and of well-known packages do to a machine, by their dotted names."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache


class Kind(StrEnum):
    PROCESS = "python_process"
    CODE = "python_code_execution"
    INSTALL = "python_installs_package"
    UNPICKLE = "python_deserialization"
    NETWORK = "python_network"
    DELETE = "python_deletes_files"
    NATIVE = "python_native_code"
    IMPORT = "python_computed_import"
    ESCAPE = "python_internals"
    FETCHED_CODE = "python_fetched_code"
    DESCRIPTOR = "python_redirects_streams"
    KEYS = "python_sensitive_path"
    TEMPLATE = "python_template"
    CODE_TEMPLATE = "python_code_template"


_TABLE: dict[Kind, str] = {
    Kind.PROCESS: """
        os.system os.popen os.popen2 os.popen3 os.popen4 os.startfile os.execl os.execle
        os.execlp os.execlpe os.execv os.execve os.execvp os.execvpe os.spawnl os.spawnle
        os.spawnlp os.spawnlpe os.spawnv os.spawnve os.spawnvp os.spawnvpe os.posix_spawn
        os.posix_spawnp os.fork os.forkpty subprocess.run subprocess.call subprocess.check_call
        subprocess.check_output subprocess.Popen subprocess.getoutput subprocess.getstatusoutput
        subprocess._execute_child _posixsubprocess.fork_exec _winapi.CreateProcess
        pty.spawn pty.fork commands.getoutput commands.getstatusoutput popen2.popen2
        asyncio.create_subprocess_shell asyncio.create_subprocess_exec
        asyncio.subprocess.create_subprocess_shell asyncio.subprocess.create_subprocess_exec
        asyncio.unix_events._UnixSubprocessTransport._start distutils.spawn.spawn
        setuptools._distutils.spawn.spawn pexpect.spawn pexpect.run pexpect.popen_spawn.PopenSpawn
        ptyprocess.PtyProcess.spawn invoke.run fabric.Connection.run fabric.Connection.local
        plumbum.local sh.Command webbrowser.open webbrowser.open_new webbrowser.open_new_tab
        webbrowser.get imaplib.IMAP4_stream multiprocessing.util.spawnv_passfds
        torch.distributed.run.main platform.popen uuid._popen pydoc.pipepager pydoc.tempfilepager
        psutil.Popen docker.from_env docker.DockerClient
        ctypes.util._findLib_gcc numpy.distutils.exec_command.exec_command
    """,
    Kind.CODE: """
        builtins.exec builtins.eval builtins.execfile builtins.compile runpy.run_path
        runpy.run_module runpy._run_code runpy._run_module_code code.interact
        code.InteractiveInterpreter code.InteractiveConsole codeop.compile_command timeit.timeit
        timeit.repeat timeit.Timer timeit.main cProfile.run cProfile.runctx profile.run
        profile.runctx trace.Trace.run trace.Trace.runctx pdb.run pdb.runeval pdb.runcall
        bdb.Bdb.run bdb.Bdb.runeval
        doctest.debug_script doctest.run_docstring_examples types.CodeType
        types.FunctionType marshal.load
        marshal.loads idlelib.run.Executive idlelib.pyshell.ModifiedInterpreter
        importlib._bootstrap._exec importlib._bootstrap_external.SourcelessFileLoader
        importlib.machinery.SourceFileLoader importlib.util.spec_from_file_location
        importlib.machinery.SourcelessFileLoader importlib.machinery.ExtensionFileLoader
        imp.load_source imp.load_compiled imp.load_dynamic zipimport.zipimporter
        numpy.f2py.compile numpy.f2py.crackfortran.myeval pandas.eval numexpr.evaluate
        torch._inductor.codecache.compile_file torch.jit.unsupported_tensor_ops.execWrapper
        torch.fx.graph_module._exec_with_source lib2to3.pgen2.grammar.Grammar.loads
        IPython.get_ipython().system IPython.get_ipython().getoutput
        IPython.get_ipython().system_raw IPython.get_ipython().system_piped
        IPython.get_ipython().run_cell IPython.get_ipython().run_line_magic
        IPython.get_ipython().run_cell_magic IPython.get_ipython().ex
        IPython.get_ipython().magic
        IPython.utils.process.system IPython.utils.process.getoutput
        numpy.testing._private.utils.runstring numpy.testing.runstring
        torch.fx.graph_module._forward_from_src torch.utils.collect_env.run
        sympy.sympify sympy.parse_expr sympy.parsing.sympy_parser.parse_expr
        test.support.script_helper.assert_python_ok test.support.script_helper.spawn_python
        test.support.script_helper.run_python_until_end setuptools.sandbox.run_setup
        distutils.core.run_setup rlcompleter.Completer tkinter.Tcl _tkinter.create
        IPython.start_ipython IPython.embed rpy2.robjects.r js2py.eval_js lupa.LuaRuntime
        PIL.ImageMath.eval PIL.ImageMath.unsafe_eval PIL.ImageMath.lambda_eval
        pkg_resources.run_script pkg_resources.EntryPoint.resolve
        langchain_experimental.tools.PythonREPLTool langchain_experimental.utilities.PythonREPL
        langchain_experimental.tools.PythonAstREPLTool
        antigravity cloudpickle.cloudpickle._make_function dill._dill._create_function
        pdb.Pdb.run pdb.Pdb.runeval pdb.Pdb.runcall cython.inline cython.cython_inline Cython.inline
        Cython.Build.cython_inline Cython.Build.Inline.cython_inline scipy.weave.inline
        weave.inline logging.config.listen
    """,
    Kind.INSTALL: """
        pip.main pip._internal.main pip._internal.cli.main.main pip._internal.main.main
        ensurepip.bootstrap setuptools.command.easy_install.main pkg_resources.require
        torch.hub._import_module
    """,
    Kind.UNPICKLE: """
        pickle.load pickle.loads pickle.Unpickler _pickle.load _pickle.loads _pickle.Unpickler
        cPickle.load cPickle.loads dill.load dill.loads dill.load_session dill.load_module
        cloudpickle.load cloudpickle.loads joblib.load shelve.open jsonpickle.decode torch.load
        torch.serialization.load torch.jit.load pandas.read_pickle numpy.load yaml.load
        yaml.unsafe_load yaml.full_load yaml.load_all yaml.unsafe_load_all keras.models.load_model
        tensorflow.keras.models.load_model skops.io.load
        keras.config.enable_unsafe_deserialization
    """,
    Kind.NETWORK: """
        urllib.request.urlopen urllib.request.urlretrieve urllib.request.Request
        urllib.request.build_opener urllib2.urlopen urllib.urlopen urllib.urlretrieve
        urllib3.request urllib3.PoolManager requests.get requests.post requests.put requests.patch
        requests.delete requests.head requests.request requests.Session requests.session
        httpx.get httpx.post httpx.put httpx.request httpx.stream httpx.Client httpx.AsyncClient
        aiohttp.ClientSession aiohttp.request http.client.HTTPConnection
        http.client.HTTPSConnection ftplib.FTP ftplib.FTP_TLS smtplib.SMTP smtplib.SMTP_SSL
        telnetlib.Telnet poplib.POP3 imaplib.IMAP4 xmlrpc.client.ServerProxy paramiko.SSHClient
        socket.socket socket.create_connection socket.create_server socket.getaddrinfo
        socket.gethostbyname socket.socketpair _socket.socket asyncio.open_connection
        asyncio.start_server websocket.create_connection websocket.WebSocketApp
        websockets.connect wget.download gdown.download pycurl.Curl dns.resolver.resolve
        socketserver.TCPServer http.server.HTTPServer boto3.client boto3.resource
        logging.handlers.SocketHandler logging.handlers.DatagramHandler
        logging.handlers.HTTPHandler logging.handlers.SMTPHandler logging.handlers.SysLogHandler
        multiprocessing.connection.Client multiprocessing.connection.Listener
        git.Repo.clone_from dulwich.porcelain.clone gradio.load debugpy.listen debugpy.connect
        pydevd.settrace rpdb.set_trace remote_pdb.set_trace multiprocessing.managers.BaseManager
    """,
    Kind.DELETE: """
        os.remove os.unlink os.rmdir os.removedirs shutil.rmtree pathlib.Path.unlink
        pathlib.Path.rmdir os.truncate
    """,
    Kind.NATIVE: """
        ctypes.CDLL ctypes.PyDLL ctypes.WinDLL ctypes.OleDLL ctypes.cdll ctypes.windll
        ctypes.oledll ctypes.pydll ctypes.pythonapi ctypes.CFUNCTYPE ctypes.LibraryLoader
        _ctypes.dlopen cffi.FFI.dlopen cffi.FFI.verify torch.ops.load_library
        torch.classes.load_library torch.utils.cpp_extension.load
        torch.utils.cpp_extension.load_inline torch.cuda._compile_kernel
        cupy.RawKernel cupy.RawModule sqlite3.connect.load_extension
        sqlite3.connect.enable_load_extension
        tensorflow.load_op_library tensorflow.load_library numpy.ctypeslib.load_library
        cffi.FFI.set_source cffi.FFI.compile cppyy.cppdef cppyy.cppexec cppyy.include
        cppyy.load_library pyximport.install triton.runtime.build._build
        onnxruntime.SessionOptions.register_custom_ops_library
        ctypes.memmove ctypes.string_at llvmlite.binding.load_library_permanently jpype.startJVM
    """,
    Kind.IMPORT: """
        builtins.__import__ importlib.import_module importlib.__import__ pydoc.locate
        pkgutil.resolve_name werkzeug.utils.import_string
    """,
    Kind.ESCAPE: """
        sys.settrace sys.setprofile sys.meta_path sys.path_hooks gc.get_objects
        gc.get_referrers sys._getframe.f_globals site.getsitepackages site.getusersitepackages
        site.addsitedir winreg.SetValueEx winreg.SetValue winreg.CreateKey winreg.CreateKeyEx
        sys.addaudithook threading.settrace threading.setprofile threading.settrace_all_threads
        threading.setprofile_all_threads sys.monitoring.register_callback readline.read_init_file
    """,
    Kind.FETCHED_CODE: """
        torch.hub.load transformers.dynamic_module_utils.get_class_from_dynamic_module
        kernels.get_kernel evaluate.load
    """,
    Kind.TEMPLATE: """
        jinja2.Template jinja2.environment.Template jinja2.Environment.from_string
        jinja2.environment.Environment.from_string jinja2.Environment().from_string
    """,
    Kind.CODE_TEMPLATE: """
        mako.template.Template mako.lookup.TemplateLookup tornado.template.Template
        bottle.template bottle.SimpleTemplate Cheetah.Template.Template chameleon.PageTemplate
    """,
    Kind.DESCRIPTOR: """
        os.dup2
    """,
    Kind.KEYS: """
        pynput.keyboard.Listener pynput.mouse.Listener keyboard.hook keyboard.on_press
        keyboard.record browser_cookie3 keyring.get_password win32crypt.CryptUnprotectData
        crontab.CronTab
    """,
}
SINKS: dict[str, Kind] = {name: kind for kind, names in _TABLE.items() for name in names.split()}
# Modules whose every function is a program of that name.
_PROGRAMS = ("sh.", "plumbum.local.", "plumbum.cmd.")
# What comes back from these is no danger of its own.
_EXACT = frozenset({Kind.PROCESS, Kind.CODE, Kind.INSTALL, Kind.IMPORT})
# Naming one of these without calling it hands it to somebody who will.
HANDED_ON = frozenset({Kind.PROCESS, Kind.INSTALL, Kind.CODE})
# Modules of which a computed attribute can be anything on this list.
_LOADED_WORDS = """
os subprocess builtins sys importlib pty runpy ctypes socket shutil
"""
LOADED = frozenset(_LOADED_WORDS.split())
# Modules that can run anything: whoever is handed one of these can do what he likes.
_POWERS_WORDS = """
os subprocess builtins sys importlib importlib.util importlib.machinery importlib._bootstrap pty
runpy code codeop marshal ctypes imp pip pdb bdb timeit commands asyncio.subprocess
_posixsubprocess _winapi zipimport _ctypes
"""
POWERS = frozenset(_POWERS_WORDS.split())


def power(name: str) -> int:
    """How much the bearer of a name can do: 2 anything, 1 what is told, 0 nothing known."""
    if name in POWERS:
        return 2
    kind = SINKS.get(name)
    return 0 if kind is None else 2 if kind in HANDED_ON else 1


@lru_cache(maxsize=8192)
def sink(name: str) -> tuple[str, Kind] | None:
    """Give the known function that a dotted name is, or is a method of, with its kind."""
    if kind := SINKS.get(name):
        return name, kind
    bare = name.replace("()", "")
    if (kind := SINKS.get(bare)) and not name.endswith("()"):
        return bare, kind  # a method of an object of that class
    parts = bare.split(".")
    if bare.startswith(_PROGRAMS) and parts[-1].islower():
        return bare, Kind.PROCESS
    for end in range(len(parts), 0, -1):
        kind = SINKS.get(".".join(parts[:end]))
        if kind and kind not in _EXACT:
            return ".".join(parts[:end]), kind
    return None
