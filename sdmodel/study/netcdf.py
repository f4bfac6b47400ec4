"""Labelled arrays as the bytes of a NetCDF 4 file, the same bytes every time.

Written with h5py alone. xarray would ask a Dask worker's scheduler for a lock. h5netcdf
deletes what it writes first for a dimension, and whether its place in the file is free
then hangs on who still holds it, such as Dask's sampling of frames: equal numbers, but
not always equal bytes.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray

    Variables = Mapping[str, tuple[tuple[str, ...], NDArray[Any], Mapping[str, Any]]]

BARE = "This is a netCDF dimension but not a netCDF variable."
"""How NetCDF 4 calls a dimension that has a size and no values."""


def dataset_bytes(dataset: xr.Dataset) -> bytes:
    """Return a dataset as the bytes of a NetCDF 4 file.

    Its coordinates are those of its dimensions: no others are told from variables.
    """
    found = {
        str(name): (
            tuple(map(str, item.dims)),
            item.to_numpy(),
            {str(key): value for key, value in item.attrs.items()},
        )
        for name, item in (*dataset.coords.items(), *dataset.data_vars.items())
    }
    return netcdf_bytes(found, {str(k): value for k, value in dataset.attrs.items()})


def netcdf_bytes(variables: Variables, attrs: Mapping[str, Any]) -> bytes:
    """Return variables as the bytes of a NetCDF 4 file.

    Parameters
    ----------
    variables
        By name: dims, values of that shape, and attributes. A variable that has the
        name of its one dim holds its coordinates, and stands before those that use it.
    attrs
        Attributes of the whole.
    """
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w", track_order=True) as file:
        for name, (dims, values, told) in variables.items():
            for dim, size in zip(dims, values.shape, strict=True):
                if dim not in file and dim not in variables:
                    bare = file.create_dataset(
                        dim, shape=(size,), dtype=">f4", track_order=True
                    )
                    bare.make_scale(f"{BARE}{size:10}")
            made = file.create_dataset(name, **_stored(values), track_order=True)
            if dims == (name,):
                made.make_scale(name)
            else:
                for place, dim in enumerate(dims):
                    made.dims[place].attach_scale(file[dim])
            made.attrs.update(told)
            if values.dtype == bool:
                made.attrs["dtype"] = "bool"  # as xarray reads it
        file.attrs.update(attrs)
    return buffer.getvalue()


def _stored(values: NDArray[Any]) -> dict[str, Any]:
    """Return how values are kept: text in UTF-8, truth as a byte, numbers as is."""
    import h5py

    if values.dtype == bool:
        return {"data": values.astype(np.int8)}
    if values.dtype.kind in "iuf":
        return {"data": np.asarray(values, order="C")}
    return {"data": values.astype(object), "dtype": h5py.string_dtype()}
