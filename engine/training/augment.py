"""Changes of a radiograph that do not change its anatomy: applied to whole batches."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from engine.preprocess import HIGH_PERCENTILE, LOW_PERCENTILE

_CELLS = 16  # the side of the grid on which detail is measured
_CLOSE_UPS = 0.45  # the share of images that is cropped tightly around some detail
_SPARSE = 3  # percentiles are taken over every third row and column


@dataclass(frozen=True)
class Sources:
    """Images to draw views from: uint8 [N, P, P], the same at half the size, where each holds
    ``detail``, [N, 256], and how much of its side a close-up shows at least, [N]."""

    images: Tensor
    halves: Tensor
    detail: Tensor
    closest: Tensor

    @classmethod
    def of(cls, images: Tensor, closest: Tensor) -> Sources:
        """Prepare uint8 [N, P, P] images, fitted into their squares."""
        parts = [_halved_and_detail(part) for part in torch.split(images, 64)]
        halves, detail = (torch.cat(found) for found in zip(*parts, strict=True))
        return cls(images, halves, detail, closest)


def _halved_and_detail(images: Tensor) -> tuple[Tensor, Tensor]:
    half = F.avg_pool2d(images[:, None].float(), 2)
    across = (half[..., 1:, 1:] - half[..., 1:, :-1]).abs()
    down = (half[..., 1:, 1:] - half[..., :-1, 1:]).abs()
    detail = F.adaptive_avg_pool2d(across + down, _CELLS).flatten(1)
    return half[:, 0].round().to(torch.uint8), detail + 1e-3


def _uniform(count: int, low: float, high: float, random: Generator) -> Tensor:
    return torch.rand(count, generator=random) * (high - low) + low


def _log_uniform(count: int, low: float | Tensor, high: float, random: Generator) -> Tensor:
    low = torch.as_tensor(low).log()
    return torch.exp(torch.rand(count, generator=random) * (math.log(high) - low) + low)


def _chance(count: int, share: float, random: Generator) -> Tensor:
    return torch.rand(count, generator=random) < share


def _placement(detail: Tensor, closest: Tensor, random: Generator) -> tuple[Tensor, Tensor]:
    """Zoom [N] and centre [N, 2] (frame -1…1): about whole, or a close-up of some detail."""
    count = len(detail)
    cell = torch.multinomial(detail**1.5, 1, generator=random)[:, 0]
    inside = torch.stack((cell % _CELLS, cell // _CELLS), 1) + torch.rand(
        count, 2, generator=random
    )
    spot = inside / _CELLS * 2 - 1
    close = _chance(count, _CLOSE_UPS, random)
    tight = _log_uniform(count, closest, 0.85, random)
    room = (1 - tight)[:, None].clamp(min=0)
    whole = _log_uniform(count, 0.8, 1.25, random)
    drift = (torch.rand(count, 2, generator=random) * 2 - 1) * 0.18
    zoom = torch.where(close, tight, whole)
    centre = torch.where(close[:, None], torch.maximum(torch.minimum(spot, room), -room), drift)
    return zoom, centre


def _geometry(sources: Sources, chosen: Tensor, side: int, random: Generator) -> Tensor:
    """Rotation, anisotropic scale, shift and mirror: float [n, 1, side, side], 0…1."""
    count = len(chosen)
    angle = _uniform(count, -20, 20, random) * (math.pi / 180)
    turns = torch.randint(1, 4, (count,), generator=random)
    angle = angle + torch.where(_chance(count, 0.08, random), turns * (math.pi / 2), 0.0)
    aspect = torch.exp(_uniform(count, -0.18, 0.18, random))
    mirror = torch.where(_chance(count, 0.5, random), -1.0, 1.0)
    zoom, centre = _placement(sources.detail[chosen], sources.closest[chosen], random)
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = mirror * cos * zoom * aspect
    theta[:, 0, 1] = -sin * zoom
    theta[:, 1, 0] = mirror * sin * zoom
    theta[:, 1, 1] = cos * zoom / aspect
    theta[:, :, 2] = centre
    grid = F.affine_grid(theta, [count, 1, side, side], align_corners=False)
    views = torch.zeros(count, 1, side, side)
    coarse = zoom * sources.images.shape[-1] / side > 1.6
    for store, those in ((sources.halves, coarse), (sources.images, ~coarse)):
        if bool(those.any()):
            pixels = store[chosen[those]][:, None].float() / 255
            views[those] = F.grid_sample(pixels, grid[those], align_corners=False)
    return views


def stretch(images: Tensor) -> Tensor:
    """What :func:`engine.preprocess.fit_to_square` does with the grey values, for a batch."""
    sparse = images[:, 0, ::_SPARSE, ::_SPARSE].flatten(1).sort(1).values
    last = sparse.shape[1] - 1
    low, high = (
        sparse[:, round(last * percentile / 100)][:, None, None, None]
        for percentile in (LOW_PERCENTILE, HIGH_PERCENTILE)
    )
    return ((images - low) / (high - low).clamp(min=0.02)).clamp(0, 1)


def _mean_of(images: Tensor, width: int) -> Tensor:
    """The mean over squares of an odd width around each pixel, of what lies in the image."""
    rows = F.avg_pool2d(images, (width, 1), 1, (width // 2, 0), count_include_pad=False)
    return F.avg_pool2d(rows, (1, width), 1, (0, width // 2), count_include_pad=False)


def _grey(images: Tensor, random: Generator) -> Tensor:
    """Gamma, contrast, brightness, local contrast or blur, now and then inversion, and noise."""
    count = len(images)
    shape = (count, 1, 1, 1)
    gamma = torch.exp(_uniform(count, -0.6, 0.6, random)).view(shape)
    contrast = _uniform(count, 0.75, 1.3, random).view(shape)
    shift = _uniform(count, -0.1, 0.1, random).view(shape)
    images = ((images.clamp(min=1e-4) ** gamma - 0.5) * contrast + 0.5 + shift).clamp(0, 1)
    for width, share, low, high in ((3, 0.35, -1.0, 2.0), (31, 0.3, 0.0, 1.2)):
        those = _chance(count, share, random)
        if bool(those.any()):
            some = images[those]
            smooth = _mean_of(some, width)
            amount = _uniform(len(some), low, high, random).view(-1, 1, 1, 1)
            images[those] = (some + amount * (some - smooth)).clamp(0, 1)
    inverted = _chance(count, 0.05, random).view(shape)
    images = torch.where(inverted, 1 - images, images)
    noise = _uniform(count, 0, 0.05, random).view(shape)
    return images + noise * torch.randn(images.shape, generator=random)


def _cover(images: Tensor, random: Generator) -> Tensor:
    """Padding, collimation borders, pasted markers and erased boxes: none may carry a class."""
    side = images.shape[-1]
    for picture in images[:, 0]:
        draw = torch.rand(16, generator=random)
        if draw[0] < 0.2:  # padding of an elongated image
            margin = int(draw[1] * 0.28 * side)
            if draw[2] < 0.7:
                picture = picture.T
            picture[:margin] = 0
            picture[side - margin :] = 0
        elif draw[0] < 0.4:  # collimation
            left, top, right, bottom = (draw[1:5] * 0.18 * side).int().tolist()
            shade = float(draw[5] * 0.12)
            picture[:top] = shade
            picture[side - bottom :] = shade
            picture[:, :left] = shade
            picture[:, side - right :] = shade
        if draw[6] < 0.3:
            _paste(picture, draw[7:10], 0.25, float(draw[10]), draw[11] < 0.5, random)
        if draw[12] < 0.25:
            _paste(picture, draw[13:16], 0.06, 0.55 + 0.45 * float(draw[15]), False, random)
    return images


def _paste(
    picture: Tensor, sizes: Tensor, largest: float, shade: float, mean: object, random: Generator
) -> None:
    side = picture.shape[-1]
    width, height = (sizes[:2] * largest * side + 4).int().tolist()
    x = int(torch.randint(0, side - width, (1,), generator=random))
    y = int(torch.randint(0, side - height, (1,), generator=random))
    box = picture[y : y + height, x : x + width]
    box.copy_(box.mean().expand_as(box) if mean else torch.full_like(box, shade))


def augment(sources: Sources, chosen: Tensor, side: int, random: Generator) -> Tensor:
    """Views of the ``chosen`` images, float [n, 1, side, side], about 0…1, new at every call."""
    moved = _geometry(sources, chosen, side, random)
    return _cover(_grey(stretch(moved), random), random)


def plain_views(sources: Sources, chosen: Tensor, side: int, random: Generator) -> Tensor:
    """Plain views of the ``chosen`` images, moved and stretched only: float [n, 1, side, side]."""
    return stretch(_geometry(sources, chosen, side, random))


def enhanced(views: Tensor, random: Generator) -> Tensor:
    """Views as a workstation's image processing leaves them: local contrast evened out in part,
    edges sharpened, grain as of trabeculae or a high gain; one in six inverted, bone black. The
    same shape, float, 0…1."""
    count, _, side, _ = views.shape
    shape = (count, 1, 1, 1)

    around = side // 8 + 1  # pixels
    detail = views - _mean_of(_mean_of(views, around), around)
    even = 0.5 + detail / (_mean_of(detail**2, around).sqrt() + 0.04) * 0.22
    share = _uniform(count, 0, 0.9, random).view(shape)
    images = torch.lerp(views, even, share)
    images = images + _uniform(count, 0, 2.5, random).view(shape) * (images - _mean_of(images, 3))
    grain = torch.randn(images.shape, generator=random)
    grain = torch.lerp(grain, 2 * _mean_of(grain, 3), _uniform(count, 0, 1, random).view(shape))
    images = images + _uniform(count, 0, 0.08, random).view(shape) * grain
    images = stretch(torch.where(views > 0.01, images, views))
    return torch.where(_chance(count, 1 / 6, random).view(shape), 1 - images, images)
