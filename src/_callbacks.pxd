# SPDX-License-Identifier: Apache-2.0
# Whatever runs Python on a thread of a pipeline does so between `enter` and `leave`.
cpdef object enter(object callback)
cpdef object leave()
cpdef bint is_current(object callback)
