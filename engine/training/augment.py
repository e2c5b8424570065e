"""Changes of a radiograph that do not change its anatomy: applied to whole batches."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F


def _uniform(count: int, low: float, high: float, random: Generator) -> Tensor:
    return torch.rand(count, generator=random) * (high - low) + low


def _geometry(images: Tensor, side: int, random: Generator) -> Tensor:
    """Rotation, anisotropic scale (crops that mimic close-ups included), shift and mirror."""
    count = len(images)
    angle = _uniform(count, -20, 20, random) * (math.pi / 180)
    quarter = torch.rand(count, generator=random) < 0.06
    turns = torch.randint(1, 4, (count,), generator=random)
    angle = angle + torch.where(quarter, turns * (math.pi / 2), torch.zeros(count))
    zoom = torch.exp(_uniform(count, math.log(0.6), math.log(1.2), random))
    aspect = torch.exp(_uniform(count, -0.12, 0.12, random))
    mirror = torch.where(torch.rand(count, generator=random) < 0.5, -1.0, 1.0)
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = mirror * cos * zoom * aspect
    theta[:, 0, 1] = -sin * zoom
    theta[:, 1, 0] = mirror * sin * zoom
    theta[:, 1, 1] = cos * zoom / aspect
    reach = (0.25 * (1.2 - zoom) + 0.1).clamp(min=0.05)
    theta[:, :, 2] = (torch.rand(count, 2, generator=random) * 2 - 1) * reach[:, None]
    grid = F.affine_grid(theta, [count, 1, side, side], align_corners=False)
    return F.grid_sample(images, grid, align_corners=False, padding_mode="zeros")


def _grey(images: Tensor, random: Generator) -> Tensor:
    """Gamma, contrast, brightness, now and then inversion, blur and noise."""
    count = len(images)
    shape = (count, 1, 1, 1)
    gamma = torch.exp(_uniform(count, -0.5, 0.5, random)).view(shape)
    contrast = _uniform(count, 0.75, 1.25, random).view(shape)
    shift = _uniform(count, -0.1, 0.1, random).view(shape)
    images = ((images.clamp(min=1e-4) ** gamma - 0.5) * contrast + 0.5 + shift).clamp(0, 1)
    inverted = (torch.rand(count, generator=random) < 0.05).view(shape)
    images = torch.where(inverted, 1 - images, images)
    blurred = (torch.rand(count, generator=random) < 0.15).view(shape)
    images = torch.where(blurred, F.avg_pool2d(images, 3, 1, 1), images)
    noise = _uniform(count, 0, 0.04, random).view(shape)
    return images + noise * torch.randn(images.shape, generator=random)


def _cover(images: Tensor, random: Generator) -> Tensor:
    """Collimation borders and erased boxes, so that markers and frames carry no class."""
    side = images.shape[-1]
    for position in range(len(images)):
        draw = torch.rand(8, generator=random)
        if draw[0] < 0.25:
            left, top, right, bottom = (draw[1:5] * 0.18 * side).int().tolist()
            shade = float(draw[5] * 0.1)
            images[position, :, :top] = shade
            images[position, :, side - bottom :] = shade
            images[position, :, :, :left] = shade
            images[position, :, :, side - right :] = shade
        if draw[6] < 0.3:
            width, height = (torch.rand(2, generator=random) * 0.25 * side + 4).int().tolist()
            x = int(torch.randint(0, side - width, (1,), generator=random))
            y = int(torch.randint(0, side - height, (1,), generator=random))
            box = images[position, :, y : y + height, x : x + width]
            images[position, :, y : y + height, x : x + width] = (
                box.mean() if draw[7] < 0.5 else float(draw[7])
            )
    return images


def augment(images: Tensor, side: int, random: Generator) -> Tensor:
    """uint8 [N, P, P] → float [N, 1, side, side], about 0…1, differently at every call."""
    moved = _geometry(images[:, None].float() / 255, side, random)
    return _cover(_grey(moved, random), random)
