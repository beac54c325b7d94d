"""Image files, turned into the RGB pixels that a model is shown."""

from __future__ import annotations

import errno
import io
import warnings
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from vecbench.errors import ImageError, MissingImageError
from vecbench.plain_file import plain_bytes
from vecbench.samples.containers import container_of, has_image, image_in

MAX_PIXELS = 80_000_000
"""Images with more pixels are refused: a small file can unfold into gigabytes (a decompression bomb).

Below Pillow's own limit of 89 megapixels, so that ours speaks first.
"""

# A picture that cannot be used is told with its name: what Pillow says of it besides has none.
warnings.filterwarnings("ignore", module=r"PIL\.")

_MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}
_PNG = b"\x89PNG\r\n\x1a\n"
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


def decode_image(data: bytes, enough: int | None = None) -> Image.Image:
    """The picture in an image file, as a viewer would show it on white paper.

    EXIF rotation is applied, transparency is composited on white, 16-bit greys are scaled to 8 bits,
    palettes and CMYK are converted; of an animation the first frame counts. Where so many pixels a side are
    `enough`, the picture of a JPEG may come smaller than it is, and no smaller than that.
    """
    if not data:
        raise ImageError("the image file is empty")
    try:
        image = Image.open(io.BytesIO(data))
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise _too_large(f"{width}×{height} pixels")
        if enough is not None:
            image.draft(None, (enough, enough))
        image.load()
        return _on_white(_eight_bits(ImageOps.exif_transpose(image)))
    except UnidentifiedImageError:
        raise ImageError("not an image, or of a format that Pillow does not read") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise _too_large(str(bomb).split(",", maxsplit=1)[0]) from None
    except ImageError:
        raise
    except Exception as fault:
        # Pillow's decoders raise whatever the broken bytes lead them to: OSError for a truncated file,
        # but SyntaxError, struct.error, ValueError and others as well. One bad file must not end a run.
        if (bare := _without_texts(data)) != data:  # which Pillow unfolds, up to a limit, and nobody is shown
            return decode_image(bare)
        raise ImageError(f"the image is broken: {fault or type(fault).__name__}") from fault


def _without_texts(data: bytes) -> bytes:
    """A PNG without its chunks of text; anything else, or a PNG without any, as it is."""
    if not data.startswith(_PNG):
        return data
    kept, place = [_PNG], len(_PNG)
    while place + 8 <= len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        if data[place + 4 : place + 8] not in {b"tEXt", b"zTXt", b"iTXt"}:
            kept.append(data[place:end])
        place = end
    return b"".join(kept)


def plain_media_type(data: bytes) -> str | None:
    """The media type of an image file that every decoder shows as `decode_image` does; None of any other.

    Such are JPEG and PNG of 8 bits in grey or RGB that are neither turned by EXIF, transparent nor animated.
    Other formats are not among them, since not everybody takes them.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            is_plain = (
                image.mode in {"L", "RGB"}
                and not image.has_transparency_data
                and getattr(image, "n_frames", 1) == 1
                and image.getexif().get(ExifTags.Base.Orientation, 1) == 1
            )
            return _MEDIA_TYPES.get(image.format or "") if is_plain else None
    except Exception:  # as above
        return None


def read_image(root: Path, relative: str) -> bytes:
    """The bytes of an image file, which must lie inside a folder when links have been followed.

    Data comes from strangers, and must not be able to read the rest of the disk.
    """
    try:
        path = (root / relative).resolve()
        if not path.is_relative_to(root.resolve()):
            raise ImageError(f"{relative}: the path leads out of the data folder")
        return plain_bytes(path)
    except NotADirectoryError:
        held = container_of(path)
        if held is None:
            raise MissingImageError(f"{relative}: no such file or directory") from None
        return image_in(*held)
    except OSError as fault:
        kind = MissingImageError if fault.errno in _NOT_THERE else ImageError
        raise kind(f"{relative}: {(fault.strerror or str(fault)).lower()}") from None
    except ValueError as fault:  # a name that no file can have
        raise MissingImageError(f"{relative!r}: {fault}") from None
    except RuntimeError as fault:  # links in a circle
        raise ImageError(f"{relative!r}: {fault}") from None


def is_image(root: Path, place: str) -> bool:
    """Whether there is a file, or one that holds it, where an image is looked for, and below a folder."""
    try:
        path = root / place
        is_there = path.is_file() or ((held := container_of(path)) is not None and has_image(*held))
        # What lies elsewhere on this machine is never read: another place may hold the copy below the root.
        return is_there and (
            not place.startswith(("/", ".")) or path.resolve().is_relative_to(root.resolve())
        )
    except (OSError, ValueError):  # a name that no file can have
        return False


def _too_large(size: str) -> ImageError:
    return ImageError(f"too large ({size}): the limit is {MAX_PIXELS:,} pixels", "Scale the image down.")


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        # convert("RGB") would clip every value above 255 to white.
        grey = np.asarray(image).astype(np.uint16)
        return Image.fromarray((grey >> 8).astype(np.uint8))
    if image.mode in {"I", "F"}:
        raise ImageError(f"pixel format {image.mode!r} has no defined range", "Save it with 8 or 16 bits.")
    return image


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")
