# SPDX-License-Identifier: Apache-2.0
from dsbind.tensor cimport Tensor


# Tensors of the same shape, at equal distances, as one with a dimension more; None where they do
# not lie so. There is at least one.
cdef Tensor stack(list tensors)
