"""Fluoroscopic spot images, made from radiographs.

An image intensifier's picture is a disk in a dark square; around the collimated field the detector
is saturated, and contrast medium stands out white. The class "other" holds such images, of few
patients; made from radiographs of the trunk they come in as many forms as are needed.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn import functional as F


def _axes(count: int, side: int) -> tuple[Tensor, Tensor]:
    line = (torch.arange(side) + 0.5) / side * 2 - 1
    return line[None, None, :].expand(count, side, side), line[None, :, None].expand(
        count, side, side
    )


def _medium(count: int, side: int, random: Generator) -> Tensor:
    """Smooth white shapes, as contrast medium in a hollow organ: 0…1 [count, side, side]."""
    coarse = torch.randn(count, 1, 7, 7, generator=random)
    smooth = F.interpolate(coarse, (side, side), mode="bicubic", align_corners=False)[:, 0]
    across, down = _axes(count, side)
    reach = torch.rand(count, 1, 1, generator=random) * 0.5 + 0.2
    central = torch.exp(-(across**2 + down**2) / (2 * reach**2))
    level = torch.rand(count, 1, 1, generator=random) * 0.8 + 0.5
    return torch.sigmoid((smooth * central - level * 0.6) * 14)


def spot_images(radiographs: Tensor, random: Generator) -> Tensor:
    """float [n, 1, S, S], 0…1, of the trunk → fluoroscopic spot images of the same shape."""
    count, _, side, _ = radiographs.shape

    def draw(low: float, high: float) -> Tensor:
        return torch.rand(count, 1, 1, generator=random) * (high - low) + low

    across, down = _axes(count, side)
    pictures = (radiographs[:, 0] * draw(0.4, 0.9) + draw(0.0, 0.25)).clamp(0, 1)
    pictures = torch.maximum(pictures, _medium(count, side, random) * draw(0.7, 1.0))
    width, height = draw(0.2, 0.75), draw(0.2, 0.75)
    bend = draw(-0.08, 0.12)  # the pincushion of the intensifier
    x = (across - draw(-0.1, 0.1)) / (width * (1 + bend * (down / height) ** 2))
    y = (down - draw(-0.1, 0.1)) / (height * (1 + bend * (across / width) ** 2))
    blades_x, blades_y = draw(0.55, 1.0), draw(0.55, 1.0)  # the part that the blades leave open
    field = (x.abs() < 1) & (y.abs() < 1)
    opened = (x.abs() < blades_x) & (y.abs() < blades_y)
    disk = across**2 + down**2 < draw(0.95, 1.05)
    wide = draw(0, 1) < 0.2  # now and then the field fills the disk
    saturated = draw(0.85, 1.0).expand_as(pictures)
    shade = draw(0.0, 0.15).expand_as(pictures)
    inside = torch.where(field, torch.where(opened, pictures, shade), saturated)
    inside = torch.where(wide, pictures, inside)
    outside = torch.where(draw(0, 1) < 0.15, saturated, torch.zeros_like(pictures))
    return torch.where(disk, inside, outside)[:, None]
