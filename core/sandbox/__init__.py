"""Work on hostile bytes in a child process of limited CPU, memory, time, files and network.

`run` is the parent's side, `inside` the child's; `limits` and `landlock` are what the child binds
itself with before it reads its first byte.
"""
