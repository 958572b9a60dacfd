# SPDX-License-Identifier: Apache-2.0
# Called before the GIL is taken on a thread that Python may not know, such as a streaming thread:
# gives it a Python thread state until it ends. To make one for each call, and destroy it again,
# takes ten times as long as the call itself.
cdef void keep_thread() noexcept nogil
