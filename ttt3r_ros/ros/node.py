# SPDX-License-Identifier: Apache-2.0
"""The lifecycle node: wiring and nothing else."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
import traceback

import numpy as np
import rclpy
import torch
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_policy_name_from_kind
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CompressedImage, Image

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.reconstruction import state_file
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import make_reset_policy
from ttt3r_ros.reconstruction.state_file import StateFileError, StateFileMissing
from ttt3r_ros.ros import parameters
from ttt3r_ros.ros.calibration import Calibration
from ttt3r_ros.ros.diagnostics import Counters, Diagnostics, Health, SequenceGaps
from ttt3r_ros.ros.frames import CameraMount
from ttt3r_ros.ros.lifecycle import refuse_impossible_transitions, transition
from ttt3r_ros.ros.outputs import Outputs
from ttt3r_ros.ros.pipeline import Job, Pipeline
from ttt3r_ros.ros.services import Services
from ttt3r_ros.ros.worker import Worker

LOSSLESS_DEPTH = 1000
WARM_UP_SIZE = (480, 640)
SILENCE_TOLD_S = 5.0
STOP_CHECK_S = 0.1
BAD_ARGUMENTS = 2


class Ttt3rNode(LifecycleNode):
    """Subscribes to a camera, runs the reconstruction on its own thread, publishes what it finds."""

    def __init__(self) -> None:
        """Declare the parameters; everything else waits for configure."""
        super().__init__('ttt3r')
        parameters.declare(self)
        refuse_impossible_transitions(self)
        self._worker: Worker | None = None
        self._outputs: Outputs | None = None
        self._mount: CameraMount | None = None
        self._calibration: Calibration | None = None
        self._diagnostics: Diagnostics | None = None
        self._subscription = None
        self._gaps = SequenceGaps()
        self._offered: Services | None = None
        self._report_timer = None
        self._jump_handle = None
        self.add_on_set_parameters_callback(self._check_parameters)
        self.add_post_set_parameters_callback(self._parameters_changed)

    @transition
    def on_configure(self, state: LifecycleState) -> None:
        """Load the weights and warm up."""
        try:
            self._configure()
        except Exception:
            self.release()
            raise

    @transition
    def on_activate(self, state: LifecycleState) -> None:
        """Subscribe and publish."""
        self._health.last_image = None
        self._activated = time.monotonic()
        self._subscription = self._subscribe()
        super().on_activate(state)
        self._worker.resume()
        self.get_logger().info(f'active: images from {self._subscription.topic_name}, '
                               f'{"every one in order" if self._settings.lossless else "the newest wins"}')

    @transition
    def on_deactivate(self, state: LifecycleState) -> None:
        """Pause; the memory stays."""
        self._unsubscribe()
        self._counters.dropped_overrun += self._worker.pause()
        self._worker.call(self._pipeline.pause)
        super().on_deactivate(state)

    @transition
    def on_cleanup(self, state: LifecycleState) -> None:
        """Free everything that configure made."""
        self.release()

    @transition
    def on_shutdown(self, state: LifecycleState) -> None:
        """Free everything, from any state."""
        self.release()

    @transition
    def on_error(self, state: LifecycleState) -> None:
        """Free everything, so that the node can be configured again."""
        self.release()

    def _configure(self) -> None:
        self._settings = settings = parameters.read(self)
        device = settings.device
        if device == 'auto':
            device = 'cuda:0' if torch.cuda.is_available() else 'cpu'
        _require(device)
        loaded = load_network(settings.weights, device, settings.precision)
        log = self.get_logger()
        log.info(f'weights {loaded.name!r} on {device} in {str(loaded.network.dtype).removeprefix("torch.")}, '
                 f'update rule {settings.rule}')
        if not loaded.trained:
            log.warning('UNTRAINED WEIGHTS: the network is random, poses and points mean NOTHING. '
                        'Set the parameter weights to a checkpoint (README, Weights).')
        Reconstructor(loaded.network, settings.rule).step(np.zeros((*WARM_UP_SIZE, 3), np.uint8))
        reconstructor = Reconstructor(loaded.network, settings.rule, alignment=settings.segment_alignment,
                                      policy=make_reset_policy(settings.reset_policy, settings.reset_interval))
        self._counters, self._health = Counters(), Health()
        self._mount = CameraMount(self, settings.base_frame)
        self._calibration = Calibration(self)
        self._outputs = Outputs(self, self._mount, self._calibration, settings.map)
        self._pipeline = Pipeline(self, reconstructor, self._outputs, self._calibration, self._counters, self._health,
                                  settings, loaded.name, loaded.trained)
        self._worker = Worker(self._pipeline.answer, lossless=settings.lossless)
        self._diagnostics = Diagnostics(self, self._counters, self._health, device, {'weights': loaded.name},
                                        loaded.trained)
        self._report_timer = self.create_timer(
            1.0, self._report, clock=Clock(clock_type=ClockType.STEADY_TIME))  # also while /clock stands still
        self._offered = Services(self, self._worker, self._pipeline, settings.state_file)
        if settings.resume:
            self._resume(settings.state_file)
        self._jump_handle = self.get_clock().create_jump_callback(
            JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=False),
            post_callback=self._clock_jumped)

    def release(self) -> None:
        """Stop the inference and free everything that configure made, whatever there is."""
        self._unsubscribe()
        if self._worker is not None:
            self._worker.stop()
        if self._jump_handle is not None:
            self._jump_handle.unregister()
        if self._report_timer is not None:
            self.destroy_timer(self._report_timer)
        for part in (self._offered, self._diagnostics, self._outputs, self._calibration, self._mount):
            if part is not None:
                part.destroy()
        self._worker = self._outputs = self._mount = self._calibration = self._diagnostics = self._pipeline = None
        self._offered = self._report_timer = self._jump_handle = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _subscribe(self):
        """Create the image subscription; its QoS can be overridden by the standard qos_overrides parameters."""
        compressed = self._settings.image_transport == 'compressed'
        qos = (QoSProfile(depth=LOSSLESS_DEPTH, reliability=ReliabilityPolicy.RELIABLE) if self._settings.lossless
               else QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))
        self._gaps = SequenceGaps()
        return self.create_subscription(
            CompressedImage if compressed else Image, 'image/compressed' if compressed else 'image',
            self._receive, qos, qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._incompatible_qos))

    def _unsubscribe(self) -> None:
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
            self._subscription = None

    def _receive(self, message: Image | CompressedImage, info: dict) -> None:
        now = time.monotonic()
        self._health.last_image = now
        self._counters.received += 1
        lost = self._gaps.lost(info['publication_sequence_number'])
        if lost and self.count_publishers(self._subscription.topic_name) == 1:  # two would count past each other
            self._counters.lost_in_transport += lost
        self._counters.dropped_overrun += self._worker.submit(Job(message, now), len(message.data))

    def _resume(self, path: str) -> None:
        """Read the saved state, so that the first image is relocated against it; a first start has none."""
        try:
            self._pipeline.resume_from(path, *state_file.load(path))
            self.get_logger().info(f'resuming from {path}')
        except StateFileMissing:
            self.get_logger().info(f'nothing to resume: {path} does not exist yet')
        except StateFileError as error:
            self.get_logger().error(f'not resumed, a new odometry begins: {error}')

    def _clock_jumped(self, jump: TimeJump) -> None:
        # A lossless run judges by its images' stamps alone: those still waiting come from before the jump.
        if not self._settings.lossless:
            now = self.get_clock().now().nanoseconds
            self._worker.post(lambda: self._pipeline.clock_went_back(now))

    def _check_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        return parameters.check(self, changes, configured=self._worker is not None)

    def _parameters_changed(self, changes: list[Parameter]) -> None:
        if self._worker is not None:
            self._settings = settings = parameters.read(self)
            self._worker.post(lambda: self._pipeline.apply(settings))  # images go on coming in meanwhile

    def _report(self) -> None:
        self._mount.tend()
        active = self._subscription is not None
        topic = self._subscription.topic_name if active else 'image'
        problem = self._why_silent(topic) if active else None
        if problem:
            self.get_logger().warning(problem, throttle_duration_sec=10.0)
        self._diagnostics.publish(active, topic, problem, self._pipeline.state() | {
            'pending frames': str(self._worker.pending())})

    def _why_silent(self, topic: str) -> str | None:
        """Return why no images come, or None if they do."""
        silence = self._diagnostics.silence()
        if silence is None:
            silence = time.monotonic() - self._activated
        if silence < SILENCE_TOLD_S or self._worker.pending():
            return None
        text = f'no image on {topic} for {silence:.0f} s'
        publishers = self.get_publishers_info_by_topic(topic)
        if not publishers:
            return f'{text}: nobody publishes it; is the camera running, and image remapped to its topic?'
        wanted = self._subscription.msg_type.__name__
        for publisher in publishers:
            if publisher.topic_type.split('/')[-1] != wanted:
                return f'{text}: {publisher.node_name} publishes {publisher.topic_type} there, not {wanted}; ' \
                       f'set image_transport, or remap image to another topic'
        return f'{text}: {len(publishers)} publisher(s) are there but send nothing that reaches us; look at their ' \
               f'QoS (ros2 topic info -v {topic}) and the network'

    def _incompatible_qos(self, event) -> None:
        topic = self._subscription.topic_name if self._subscription is not None else 'image'
        self.get_logger().error(
            f'a publisher of {topic} offers another {qos_policy_name_from_kind(event.last_policy_kind)} than we '
            f'ask for: for a best-effort camera set qos_overrides.{topic}.subscription.reliability to best_effort')


def _require(device: str) -> None:
    """Raise SettingsError unless PyTorch can compute there."""
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise parameters.SettingsError(f'device {device!r} cannot be used ({str(error).splitlines()[0]}): take cpu, '
                                       'cuda, cuda:1, … or auto') from error


class _RosLog(logging.Handler):
    """Carries the library's log into the node's."""

    def __init__(self, node: LifecycleNode) -> None:
        super().__init__()
        self._log = node.get_logger()
        self.setFormatter(logging.Formatter('%(message)s'))

    def emit(self, record: logging.LogRecord) -> None:
        # One line for each level: rclpy refuses another severity from the same line.
        text = self.format(record)
        if record.levelno >= logging.ERROR:
            self._log.error(text)
        elif record.levelno >= logging.WARNING:
            self._log.warning(text)
        else:
            self._log.info(text)


def main(args: list[str] | None = None) -> int:
    """Run the node until it is told to stop."""
    # rclpy's own handlers would take the context away while a frame is still being answered.
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # both of rclpy's are
        rclpy.logging.get_logger('ttt3r').fatal(f'the arguments cannot be read: {error}')
        return BAD_ARGUMENTS
    stop = threading.Event()

    def on_signal(number: int, _) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)  # a second one ends a node that hangs

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    try:
        node = Ttt3rNode()
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        rclpy.logging.get_logger('ttt3r').fatal(f'a parameter cannot be taken: {error}')
        rclpy.shutdown()
        return BAD_ARGUMENTS
    library = logging.getLogger('ttt3r_ros')
    library.setLevel(logging.INFO)
    library.addHandler(_RosLog(node))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    if node.get_parameter('autostart').value and node.trigger_configure() == TransitionCallbackReturn.SUCCESS:
        node.trigger_activate()
    while not stop.is_set():
        try:
            executor.spin_once(timeout_sec=STOP_CHECK_S)
        except Exception:
            # One bad request must not cost the robot its sight.
            node.get_logger().error(f'a callback failed in a way that nobody foresaw:\n{traceback.format_exc()}')
    node.release()
    node.destroy_node()
    rclpy.shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
