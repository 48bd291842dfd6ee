# SPDX-License-Identifier: Apache-2.0
"""The camera: plays a bag's images at their own rhythm, as recorded, byte for byte.

`python -m ttt3r_ros.demo.replay BAG` tells what it takes of the bag, waits for a subscriber, plays, ends when all is
acknowledged, and says how many images it published.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time

import rclpy
from rclpy.duration import Duration
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from ttt3r_ros.sequences import Bag, SequenceError, open_sequence
from ttt3r_ros.sequences.bag_topics import COMPRESSED, IMAGE

TYPES = {IMAGE: Image, COMPRESSED: CompressedImage}
DEPTH = 64
LONGEST_GAP_S = 2.0  # a pause in the recording, or a step back, is not waited out longer than this
MATCH_S = 30.0
ACKNOWLEDGE_S = 600.0

log = logging.getLogger(__name__)


class ReplayError(RuntimeError):
    """The bag could not be played to anyone."""


def play(bag: Bag, publisher: Publisher, speed: float) -> int:
    """Publish the bag's images, speed times as fast as they were recorded; return how many.

    Raises ReplayError if nobody subscribes or acknowledges.
    """
    deadline = time.monotonic() + MATCH_S
    while not publisher.get_subscription_count():
        if time.monotonic() > deadline:
            raise ReplayError(f'nobody subscribed to {publisher.topic_name} within {MATCH_S:.0f} s')
        time.sleep(0.02)
    due, last, count = time.monotonic(), None, 0
    for message in bag.messages([bag.topic]):
        if last is not None:
            due += min(max((message.stamp - last) * 1e-9, 0.0), LONGEST_GAP_S) / speed
        last = message.stamp
        time.sleep(max(0.0, due - time.monotonic()))
        publisher.publish(message.data)
        count += 1
        if count % (DEPTH // 2) == 0:
            # What is not acknowledged yet must not be pushed out of the publisher's history.
            _acknowledged(publisher)
    _acknowledged(publisher)
    return count


def _acknowledged(publisher: Publisher) -> None:
    if not publisher.wait_for_all_acked(Duration(seconds=ACKNOWLEDGE_S)):
        raise ReplayError(f'images on {publisher.topic_name} were not acknowledged within {ACKNOWLEDGE_S:.0f} s')


def main() -> int:
    """Play the bag named on the command line."""
    logging.basicConfig(format='%(message)s', level=logging.INFO)
    parser = argparse.ArgumentParser(description='Play the images of a bag, unmodified and reliably.')
    parser.add_argument('bag')
    parser.add_argument('--topic', help="image topic (default: the first that can be a camera's)")
    parser.add_argument('--publish-on', metavar='TOPIC', help='(default: as recorded)')
    parser.add_argument('--speed', type=float, default=1.0, help='times as fast as recorded (default: %(default)s)')
    args = parser.parse_args()
    try:
        bag = open_sequence(args.bag, topic=args.topic)
        if not isinstance(bag, Bag) or not bag.playable:
            raise SequenceError(f'{args.bag} has no image messages to play; "ttt3r demo --input {args.bag}" makes a '
                                'bag of it')
    except SequenceError as error:
        log.error('%s', error)
        return 2
    for line in bag.describe():
        log.info('%s', line)
    rclpy.init(args=[])
    try:
        node = rclpy.create_node('replay')
        publisher = node.create_publisher(TYPES[bag.type], args.publish_on or bag.topic,
                                          QoSProfile(depth=DEPTH, reliability=ReliabilityPolicy.RELIABLE))
        log.info('published %d images', play(bag, publisher, args.speed))
        node.destroy_node()
    except ReplayError as error:
        log.error('%s', error)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
