# SPDX-License-Identifier: Apache-2.0
"""The operations of a flow, by concept. `dsbind.Flow` has all of them."""
