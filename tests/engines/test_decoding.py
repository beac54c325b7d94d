import threading

from PIL import Image

from vecbench.engines import Request, Sampling
from vecbench.engines.window import decoded
from vecbench.errors import ImageError


class Source:
    def __init__(self, number):
        self.number = number

    def decode(self):
        if self.number % 5 == 4:
            raise ImageError(f"image {self.number} is broken")
        return Image.new("RGB", (1, 1), (self.number, 0, 0))


def requests(count):
    return (Request(str(number), "?", (Source(number),), Sampling()) for number in range(count))


def test_every_request_comes_once_in_order_with_its_picture():
    found = list(decoded(requests(23), ahead=4, threads=3))
    assert [request.key for request, _ in found] == [str(number) for number in range(23)]
    for number, (_, picture) in enumerate(found):
        if number % 5 == 4:
            assert isinstance(picture, ImageError)
        else:
            assert [each.getpixel((0, 0)) for each in picture] == [(number, 0, 0)]


def test_no_more_is_pulled_than_there_is_room_for():
    pulled = []

    def watched():
        for request in requests(30):
            pulled.append(request)
            yield request

    for taken, _ in enumerate(decoded(watched(), ahead=4, threads=2), start=1):
        assert len(pulled) <= taken + 4


def test_stopping_early_leaves_no_thread_behind():
    running = decoded(requests(30), ahead=4, threads=2)
    next(running)
    running.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_no_requests_no_pictures():
    assert list(decoded(iter(()), ahead=4, threads=2)) == []
