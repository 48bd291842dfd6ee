# SPDX-License-Identifier: Apache-2.0
"""`python -m ttt3r_ros.benchmark.bandwidth`: what goes between a robot and the node that serves it, bytes a message.

Over UDP, as between machines, on the loopback interface: its counter tells what is on the wire, with all that DDS adds.
It counts what others send there too, so run it alone: `unshare -n sh -c 'ip link set lo up; …'`.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import tempfile
import xml.etree.ElementTree as ElementTree
from array import array
from pathlib import Path

import rclpy
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry
from PIL import Image as Picture
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image, PointCloud2
from tf2_msgs.msg import TFMessage

from ttt3r_ros.benchmark.campaign import WORLD
from ttt3r_ros.benchmark.messages import HEADER, camera_message
from ttt3r_ros.benchmark.sender import Sender
from ttt3r_ros.demo.apart import apart
from ttt3r_ros.demo.process import Child, ended_in_order
from ttt3r_ros.msg import ReconstructionStatus
from ttt3r_ros.synthetic import World

ROBOT = 'a'
PROFILE = Path(__file__).parents[2] / 'config' / 'fastdds_shm.xml'
OUTPUTS = {'ttt3r/pose': PoseStamped, 'tf': TFMessage, 'ttt3r/odometry': Odometry,
           'ttt3r/status': ReconstructionStatus, 'ttt3r/points': PointCloud2, 'ttt3r/depth/image': Image,
           'ttt3r/depth/image/compressedDepth': CompressedImage}
THIN = {'points.max_points': 1000, 'points.max_rate': 2.0}  # a cloud for a thin link
JPEG_QUALITY = 95  # compressed_image_transport's default
SETTLING_S = 3.0


def udp_profile(shipped: Path) -> bytes:
    """Return the Fast DDS profile that is shipped without its shared memory."""
    ElementTree.register_namespace('', 'http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles')
    tree = ElementTree.parse(shipped)
    for parent in tree.iter():
        for child in list(parent):
            if child.tag.endswith('}transport_id') and child.text == 'ttt3r_shm' and parent.tag.endswith('Transports'):
                parent.remove(child)
    return ElementTree.tostring(tree.getroot())


def jpeg_message(image) -> CompressedImage:
    """Return an image, uint8 (H, W, 3) RGB, as image_transport's `compressed` sends it."""
    packed = io.BytesIO()
    Picture.fromarray(image).save(packed, 'JPEG', quality=JPEG_QUALITY)
    return CompressedImage(header=HEADER, format='rgb8; jpeg compressed bgr8', data=array('B', packed.getvalue()))


def on_the_wire(interface: str = 'lo') -> int:
    """Return the bytes that an interface has received so far."""
    lines = Path('/proc/net/dev').read_text().splitlines()
    return next(int(line.split(':')[1].split()[0]) for line in lines if line.strip().startswith(f'{interface}:'))


class Link(Sender):
    """A robot's camera and its ear, in a process of their own beside the node's."""

    def __init__(self, image: Image | CompressedImage, rate: float) -> None:
        """Take the camera's message, always the same, and how often it goes out a second."""
        super().__init__('robot', [image], f'{ROBOT}/image')
        self._rate = rate

    def measure(self, topic: str | None, seconds: float) -> tuple[list[int], int, int]:
        """Return the bytes of each message that is heard on a topic, those on the wire meanwhile, and images sent."""
        heard: list[int] = []
        ear = None if topic is None else self.node.create_subscription(
            OUTPUTS[topic], f'{ROBOT}/{topic}', lambda data: heard.append(len(data)), 10, raw=True)
        self.send(self._rate, SETTLING_S)
        heard.clear()
        before = on_the_wire()
        sent = len(self.send(self._rate, seconds))
        if ear is not None:
            self.node.destroy_subscription(ear)
        return heard, on_the_wire() - before, sent


def tell(link: str, payload: float, wire: float, messages: int, images: int) -> None:
    """Print the bytes of a message, as it is and on the wire, and how many came while so many images went out."""
    print(json.dumps({'link': link, 'bytes_a_message': round(payload), 'on_the_wire': round(wire), 'messages': messages,
                      'images': images}), flush=True)


def main() -> None:
    """Run the command line: a line of JSON for each way of sending images, for each output, and for clouds made THIN.

    wire: with all that DDS, UDP and IP add, but not what goes on without it, the image and discovery.
    """
    parser = argparse.ArgumentParser(prog='python -m ttt3r_ros.benchmark.bandwidth', description=__doc__)
    parser.add_argument('--size', default='640x480', help="of the camera's images (default: %(default)s)")
    parser.add_argument('--rate', type=float, default=10.0, help='images a second (default: %(default)s)')
    parser.add_argument('--seconds', type=float, default=10.0, help='of each measurement (default: %(default)s)')
    parser.add_argument('--weights', default='embedded', help='default: %(default)s')
    parser.add_argument('--thin', action='store_true', help='the thin clouds alone')
    args = parser.parse_args()
    width, height = map(int, args.size.split('x'))
    image = next(World(WORLD, 2, (height, width)).film())[0]
    with ended_in_order(), tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / 'udp.xml'
        profile.write_bytes(udp_profile(PROFILE))
        os.environ['FASTRTPS_DEFAULT_PROFILES_FILE'] = str(profile)
        _, there = apart('benchmark')
        rclpy.init(args=['--ros-args', *there])
        runs = [('raw', (), {}), ('compressed', tuple(OUTPUTS), {}), ('compressed', ('ttt3r/points',), THIN)]
        for transport, topics, parameters in runs[-1:] if args.thin else runs:
            sent = (camera_message if transport == 'raw' else jpeg_message)(image)
            link = Link(sent, args.rate)
            told = {'robots': f'["{ROBOT}"]', 'image_transport': transport, 'weights': args.weights, **parameters}
            with Child('ttt3r_ros.ros.main', ['--ros-args', *there, *(
                    word for name, value in told.items() for word in ('-p', f'{name}:={value}'))],
                    Path(folder) / f'{transport}.log', {}) as node:
                link.wait(node)
                _, wire, count = link.measure(None, args.seconds)
                image_wire = wire / count
                tell(f'image, {transport}', len(serialize_message(sent)), image_wire, count, count)
                for topic in topics:
                    heard, wire, count = link.measure(topic, args.seconds)
                    tell(', '.join((topic, *(f'{name} {value}' for name, value in parameters.items()))),
                         sum(heard) / len(heard), (wire - count * image_wire) / len(heard), len(heard), count)
            link.close()
        rclpy.shutdown()


if __name__ == '__main__':
    main()
