# SPDX-License-Identifier: Apache-2.0
"""One camera: its subscription, its pipeline, and all that the node offers under its name."""

from __future__ import annotations

import time
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_policy_name_from_kind
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.topic_endpoint_info import TopicEndpointInfo
from sensor_msgs.msg import Image

from ttt3r_ros.reconstruction import state_file
from ttt3r_ros.reconstruction.state_file import StateFileError, StateFileMissing
from ttt3r_ros.ros.between_frames import BetweenFrames
from ttt3r_ros.ros.calibration import Calibration
from ttt3r_ros.ros.companions import Companions
from ttt3r_ros.ros.device_watch import DeviceWatch
from ttt3r_ros.ros.diagnostics import Counters, Diagnostics, Health, SequenceGaps
from ttt3r_ros.ros.frames import Frames
from ttt3r_ros.ros.images import ImageError
from ttt3r_ros.ros.imu_turns import ImuTurns
from ttt3r_ros.ros.job import Job
from ttt3r_ros.ros.log import Log
from ttt3r_ros.ros.memory import Memory, Weights, state_path
from ttt3r_ros.ros.names import Names
from ttt3r_ros.ros.outputs import CameraName, Outputs
from ttt3r_ros.ros.parameters import Settings
from ttt3r_ros.ros.pipeline import Pipeline, Senses
from ttt3r_ros.ros.promise import Promise
from ttt3r_ros.ros.replies import Replies
from ttt3r_ros.ros.senders import GHOST, identities, sender
from ttt3r_ros.ros.services import Services
from ttt3r_ros.ros.silence import Silence
from ttt3r_ros.ros.tracker import Start, Tracker
from ttt3r_ros.ros.transport import SUFFIXES, VIDEO, Video, image_topic, message_type
from ttt3r_ros.ros.worker import Worker

LOSSLESS_DEPTH = 1000
VIDEO_DEPTH = 50  # packets: each is needed for those behind it
SILENCE_TOLD_S = 5.0
REPEAT_S = 10.0  # a trouble that stays is told again after this long


class Camera:
    """All that a configured node has for one camera; the executor's thread."""

    def __init__(self, node: LifecycleNode, replies: Replies, names: Names, memory: Memory, frames: Frames,
                 start: Start, worker: Worker, settings: Settings, weights: Weights, device: str,
                 watch: DeviceWatch, turns: ImuTurns | None) -> None:
        """Create publishers and services. settings: the robot's own. turns: the IMU's, if it is listened to."""
        self._node, self._replies, self.name = node, replies, names.one
        self._log, self._worker = Log(node, names.one), worker
        self._settings = settings
        prefix = names.inputs
        self._topic = image_topic(node, prefix, settings.image_transport)
        self._type = message_type(settings.image_transport)
        self._video = Video() if settings.image_transport in VIDEO else None
        self.counters, self._health = Counters(), Health()
        self._calibration = Calibration(node, prefix, settings.rectify, settings.image_transport, settings.lossless)
        leads = names.camera == settings.cameras[0]
        moving_map = settings.map_frame if settings.keyframes else ''
        self._between = BetweenFrames(
            node, self._log, frames, turns, settings.between, settings.odom_frame, moving_map, names.outputs,
            self._unanswered) if leads and settings.between.rate else None
        self._outputs = Outputs(node, self._log, CameraName(names.outputs, leads), frames, self._calibration, settings,
                                self._between)
        self._companions = Companions(node, self._log, prefix, self._calibration, settings.mask_file,
                                      settings.scale.source == 'depth', settings.lossless)
        tracker = Tracker(self._log, frames, memory.world, memory.scaling, self._calibration, start,
                          settings.odom_frame, settings.map_frame, weights.fit.under(settings.segments)[0])
        senses = Senses(self._calibration, self._companions, turns, self.counters, self._health)
        self.pipeline = Pipeline(self._log, node.get_clock(), memory, senses, tracker, self._outputs, settings, weights)
        self._diagnostics = Diagnostics(node, self.counters, self._health, device, {'weights': weights.name},
                                        weights.trained, names.one)
        self._state_path = state_path(settings, names.one)
        self._services = Services(replies, names.outputs, worker, watch, self.pipeline, self._state_path,
                                  settings.files_dir)
        self._subscription = None
        self._gaps, self._promise = SequenceGaps(), Promise()
        self._told_lost = 0  # images lost on their way at the last report
        self._mixed = False  # the last number may be another publisher's
        self._sender: str | None = None  # who published images at the last report
        self._ended = False  # they have ended in order
        self._silence = Silence()
        self._held = False  # an image waits for room, and so do those behind it

    @property
    def topic(self) -> str:
        """The image topic, as it is remapped while subscribed to."""
        return self._topic if self._subscription is None else self._subscription.topic_name

    @property
    def active(self) -> bool:
        """Whether images are taken."""
        return self._subscription is not None

    def subscribe(self) -> None:
        """Take images; the subscription's QoS can be overridden by the standard qos_overrides parameters."""
        lossless = self._settings.lossless
        depth = 1 if self._video is None else VIDEO_DEPTH
        qos = (QoSProfile(depth=LOSSLESS_DEPTH, reliability=ReliabilityPolicy.RELIABLE) if lossless
               else QoSProfile(depth=depth, reliability=ReliabilityPolicy.BEST_EFFORT))
        self._gaps, self._promise = SequenceGaps(), Promise()
        self._health.last_image = None
        self._sender, self._ended, self._held = None, False, False
        self._silence.begin()
        self._subscription = self._node.create_subscription(
            self._type, self._topic, self._receive, qos, raw=self._video is None,
            callback_group=MutuallyExclusiveCallbackGroup(),  # waiting for room, it holds up nothing else
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._incompatible_qos))

    def unsubscribe(self) -> None:
        """Take no more images."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def rest(self) -> None:
        """Tell nothing more between frames, until the next one."""
        if self._between is not None:
            self._between.pause()

    def _unanswered(self) -> list[int]:
        """Return the stamps, ns, of its images that are there and not answered."""
        stamps = [job.stamp for job in self._worker.unanswered() if job.pipeline is self.pipeline]
        return [stamp for stamp in stamps if stamp is not None]

    def apply(self, settings: Settings) -> None:
        """Take new settings from the next frame on; images go on coming in meanwhile."""
        self._worker.post(lambda: self.pipeline.apply(settings))

    def resume(self) -> None:
        """Read the saved state, so that the first image is relocated against it; a first start has none."""
        path, log = self._state_path, self._log
        try:
            self.pipeline.saved.resume_from(path, *state_file.load(path))
            log.info(f'resuming from {path}')
        except StateFileMissing:
            log.info(f'nothing to resume: {path} does not exist yet')
        except StateFileError as error:
            log.error(f'not resumed, a new odometry begins: {error}')
            self.pipeline.saved.refused(path)

    def report(self) -> None:
        """Tell diagnostics, and the log if no images come."""
        active = self.active
        if self._held:
            self._silence.begin()
        self._health.silence = self._silence.turn()
        publishers = self._node.get_publishers_info_by_topic(self.topic) if active else []
        if active:
            self._follow_sender(publishers)
            self._gaps.follow(identities(publishers))
        problem = self._why_silent(publishers) if active else None
        self._health.broken_promise = self._judge_promise(publishers) if active else None
        others = len(publishers)
        self._mixed = self._mixed or others > 1
        self._health.publishers = others
        if others > 1:
            names = sorted(map(sender, publishers))
            ghost = f', unless it is one camera begun anew: {GHOST}' if len(set(names)) < others else ''
            self._log.warning(
                f'{others} publishers send images on {self.topic} ({", ".join(names)}): how many are lost on the way '
                f'is unknown; remap image to a topic that one camera publishes{ghost}', every=REPEAT_S)
        if problem and not self._ended:
            self._log.warning(problem, every=REPEAT_S)
        self._diagnostics.publish(active, self.topic, problem, self.pipeline.state() | {
            'pending frames': str(self._worker.pending())}, self.pipeline.saved.unsaved)

    def destroy(self) -> None:
        """Take everything off the node."""
        self.unsubscribe()
        parts = (self._services, self._diagnostics, self._outputs, self._companions, self._calibration, self._between)
        for part in parts:
            if part is not None:
                part.destroy()

    async def _receive(self, message: Any, info: dict) -> None:
        now, before = time.monotonic(), self._health.last_image
        self._health.last_image = now
        self._promise.hear(now, info['source_timestamp'] / 1e9)
        silence = self._silence.turn()
        self._silence.begin()
        if silence > SILENCE_TOLD_S:
            self._log.info(f'images are {"there" if before is None else "back"} after {silence:.0f} s')
        self.counters.received += 1
        lost = self._gaps.lost(info['publication_sequence_number'])
        if self._settings.lossless and self._gaps.unheard:
            self._log.warning(f'{self._gaps.unheard} image(s) on {self.topic} were sent before this node heard their '
                              'sender, and are in no count: let a player wait until the node is active and DDS has had '
                              'the two meet (ros2 bag play --delay)')
        if lost:  # rclpy does not say whose number it is: two would count past each other
            senders = identities(self._node.get_publishers_info_by_topic(self.topic))
            mixed, self._mixed = self._mixed, len(senders) > 1
            self.counters.lost_in_transport += 0 if mixed or self._mixed or self._gaps.follow(senders) else lost
        kind = self._type if self._video is None else Image
        for image in [message] if self._video is None else self._decoded(message, bool(lost)):
            if self._settings.lossless:
                self._held = True
                await self._replies.of(self._worker.room())
                self._held = False
                self._silence.begin()
            size = len(image) if isinstance(image, bytes) else len(image.data)
            self.counters.dropped_overrun += self._worker.submit(Job(image, kind, now, self.pipeline), size, self)

    def _decoded(self, packet, missing: bool) -> list[Image]:
        try:
            return self._video.images(packet, missing)
        except ImageError as error:
            self._worker.post(lambda error=error: self.pipeline.refuse(error))
            return []

    def _judge_promise(self, publishers: list[TopicEndpointInfo]) -> str | None:
        """Return how the camera did not keep what its publisher offers, and warn of it."""
        before, self._told_lost = self._told_lost, self.counters.lost_in_transport
        # Whose image is how late is not known of several, and what has just come may wait for its turn.
        offered = [publisher.qos_profile for publisher in publishers] if len(publishers) == 1 else []
        broken = self._promise.judge(self._silence.sure, offered)
        if broken is None or self._told_lost > before:  # lost on their way, they were sent in time
            return None
        self._log.warning(f'{self.topic}: {broken}', every=REPEAT_S)
        return broken

    def _follow_sender(self, publishers: list[TopicEndpointInfo]) -> None:
        """Take it as the end in order if the publisher goes while its images still come.

        One that crashes is known to DDS until its lease runs out, long after its last image.
        """
        if publishers:
            self._sender, self._ended = sender(publishers[0]), False
            return
        age = self._diagnostics.age()
        if self._sender is not None and age is not None and age < SILENCE_TOLD_S:
            self._ended = True
            self._log.info(f'the images on {self.topic} have ended: {self._sender}, who published them, has left')
        self._sender = None

    def _why_silent(self, publishers: list[TopicEndpointInfo]) -> str | None:
        """Return why no images come, or None if they do."""
        silence = self._silence.seconds
        if silence < SILENCE_TOLD_S or self._worker.pending():
            return None
        text = f'no image on {self.topic} for {silence:.0f} s'
        if not publishers:
            other = self._sent_otherwise()
            if other is not None:
                return f"{text}: nobody publishes it, but {other[1]} is there: set image_transport to '{other[0]}'"
            return f'{text}: nobody publishes it; is the camera running, and {self._topic} remapped to its topic?'
        wanted = self._subscription.msg_type.__name__
        for publisher in publishers:
            if publisher.topic_type.split('/')[-1] != wanted:
                return f'{text}: {sender(publisher)} publishes {publisher.topic_type} there, not {wanted}; ' \
                       f'set image_transport, or remap {self._topic} to another topic'
        if self._health.last_image is not None:
            return f'{text}: they came before, and {sender(publishers[0])} is still there; is the camera paused, or ' \
                   f'stuck ({GHOST})?'
        return f'{text}: {len(publishers)} publisher(s) are there but send nothing that reaches us; look at their ' \
               f'QoS (ros2 topic info -v {self.topic}) and the network'

    def _sent_otherwise(self) -> tuple[str, str] | None:
        """Return another transport of the images that somebody publishes, and its topic; None for none."""
        base = self.topic.removesuffix(SUFFIXES[self._settings.image_transport])
        return next(((name, base + suffix) for name, suffix in SUFFIXES.items()
                     if base + suffix != self.topic and self._node.count_publishers(base + suffix)), None)

    def _incompatible_qos(self, event) -> None:
        self._log.error(
            f'a publisher of {self.topic} offers another {qos_policy_name_from_kind(event.last_policy_kind)} than we '
            f'ask for: for a best-effort camera set qos_overrides.{self.topic}.subscription.reliability to '
            'best_effort')
