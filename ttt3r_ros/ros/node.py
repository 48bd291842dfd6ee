# SPDX-License-Identifier: Apache-2.0
"""The lifecycle node: wiring and nothing else."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Container
from functools import partial

import torch
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

from ttt3r_ros.model.checkpoint import load_network, weights_file
from ttt3r_ros.model.device import resolve_device
from ttt3r_ros.model.thread_watch import ThreadWatch
from ttt3r_ros.model.threads import limit_threads
from ttt3r_ros.reconstruction.covariance_fit import load_fit
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.weights_profile import WeightsProfile, load_profile
from ttt3r_ros.ros import parameters
from ttt3r_ros.ros.camera import Camera
from ttt3r_ros.ros.declarations import BY_NAME, NO_NAMES
from ttt3r_ros.ros.device import DeviceError, compile_for, failure, require
from ttt3r_ros.ros.device_watch import DeviceWatch
from ttt3r_ros.ros.idle_parameters import idle
from ttt3r_ros.ros.lifecycle import FINALIZED, refuse_impossible_transitions, transition
from ttt3r_ros.ros.memory import WARM_UP_SIZE, Weights
from ttt3r_ros.ros.names import Names
from ttt3r_ros.ros.notices import Notices
from ttt3r_ros.ros.parameter_mistakes import mistake
from ttt3r_ros.ros.parameters import Settings, SettingsError
from ttt3r_ros.ros.replies import Replies
from ttt3r_ros.ros.rivals import same_name
from ttt3r_ros.ros.robot import Robot, Server
from ttt3r_ros.ros.services import offered
from ttt3r_ros.ros.sim_clock import SimClock
from ttt3r_ros.ros.worker import Worker


class Ttt3rNode(LifecycleNode):
    """Subscribes to cameras, runs the reconstruction on its own thread, publishes what it finds."""

    def __init__(self) -> None:
        """Declare the parameters; everything else waits for configure."""
        super().__init__('ttt3r')
        parameters.declare(self)
        refuse_impossible_transitions(self)
        self._sim_clock = SimClock(self)
        self._notices = Notices(self)
        self.replies = Replies(self, self._unready)
        self._offer_services()
        self.create_timer(1.0, self._look_round, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._profile: WeightsProfile | None = None
        self._worker: Worker | None = None
        self._robots: list[Robot] = []
        self._report_timer = None
        self._jump_handle = None
        self._device = DeviceWatch(self)
        self.add_on_set_parameters_callback(self._check_parameters)
        self.add_post_set_parameters_callback(self._parameters_changed)

    @property
    def _cameras(self) -> list[Camera]:
        return [camera for robot in self._robots for camera in robot.cameras]

    @transition
    def on_configure(self, state: LifecycleState) -> None:
        """Load the weights and warm up."""
        try:
            self._configure()
        except Exception as error:
            self.release()
            why = failure(error)
            self._device.refused = why is not None
            self._notices.failure = f'configure failed: {why or error}'
            if why is not None:
                raise DeviceError(why) from error
            raise
        self._notices.failure, self._device.refused = None, False

    @transition
    def on_activate(self, state: LifecycleState) -> None:
        """Subscribe and publish."""
        for camera in self._cameras:
            camera.subscribe()
        super().on_activate(state)
        self._worker.resume()
        self.get_logger().info(f'active: images from {", ".join(camera.topic for camera in self._cameras)}, '
                               f'{"every one in order" if self._settings.lossless else "the newest wins"}')

    @transition
    def on_deactivate(self, state: LifecycleState) -> None:
        """Pause; the memory stays."""
        for camera in self._cameras:
            camera.unsubscribe()
        for camera in self._worker.pause():
            camera.counters.dropped_overrun += 1
        for camera in self._cameras:
            camera.rest()
            self._worker.call(camera.pipeline.saved.pause)
        for robot in self._robots:
            robot.rest()
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
        given = parameters.read(self)
        device = resolve_device(given.device)
        require(device)
        # Before its profile: nothing is read of a file of another sha256.
        loaded = load_network(given.weights, device, given.precision, sha256=given.weights_sha256)
        self._profile = load_profile(given.weights)
        self._settings = settings = parameters.read(self, profile=self._profile)
        log = self.get_logger()
        blank = Reconstructor(loaded.network, settings.rule)
        threads = limit_threads(lambda: blank.warm_up(WARM_UP_SIZE, 1), loaded.network)
        self._device.threads = None if settings.lossless or device != 'cpu' else ThreadWatch(threads)
        if settings.compile:
            log.info('compiling: minutes the first time')
            compile_for(loaded.network, blank, WARM_UP_SIZE)
        log.info(f'weights {loaded.name!r} on {device} in {str(loaded.network.dtype).removeprefix("torch.")}, '
                 f'{threads} thread{"s"[:threads > 1]}, update rule {settings.rule}')
        if not loaded.trained:
            log.warning('UNTRAINED WEIGHTS: the network is random, poses and points mean NOTHING. '
                        'Set the parameter weights to a checkpoint (README, Weights).')
        elif loaded.note:
            log.warning(loaded.note)
        self._tell_segments(settings)
        self._tell_idle()
        weights = Weights(loaded.name, loaded.trained, load_fit(weights_file(settings.weights)),
                          self._profile.trained_on)
        doubt = weights.fit.under(settings.segments)[1]
        if doubt and loaded.trained:
            log.warning(f'the covariances of ~/odometry {doubt}')
        self._offer_services()
        self._worker = Worker(self._device.answer, lossless=settings.lossless, patience_s=settings.batch_wait,
                              together=len(settings.robots))
        server = Server(loaded, weights, device, self._device, self._worker, self.replies)
        for name in settings.robots:
            self._robots.append(Robot(self, server, name, settings,
                                      self._robots[0].memories[0] if self._robots else None))
            first, *others = (robot.memories[0].reconstructor for robot in self._robots)
            if others:
                first.warm_up(WARM_UP_SIZE, first.settling, others)
        self._report_timer = self.create_timer(
            1.0, self._report, clock=Clock(clock_type=ClockType.STEADY_TIME))  # also while /clock stands still
        if settings.resume or self._device.failure is not None and settings.state_file and not settings.shared_state:
            for camera in self._cameras:
                camera.resume()
        self._jump_handle = self.get_clock().create_jump_callback(
            JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=False),
            post_callback=self._clock_jumped)
        # What is there now stays. Python's collector walked through it, PyTorch and all, and held an image up by 0.2 s.
        gc.freeze()

    def _tell_segments(self, settings: Settings) -> None:
        told = settings.segments.told
        self.get_logger().info(f'segments: {settings.segments}{f" ({told})" if told else ""}')

    def _tell_idle(self, names: Container[str] = BY_NAME) -> None:
        for name, line in idle(self, self._settings).items():
            if name in names:
                self.get_logger().warning(line)

    def _offer_services(self) -> None:
        """Have the services that these parameters stand for, configured or not: a call never waits for one."""
        try:
            settings = parameters.read(self)
            robots, cameras = settings.robots, settings.cameras
        except SettingsError:  # configure says what is wrong
            robots = cameras = NO_NAMES
        name = self.get_name()
        self.replies.offer(offered(Names(name, robot, camera) for robot in robots for camera in cameras))

    def _unready(self) -> str:
        """Return why a service is refused while there is nobody to answer it."""
        if self._state_machine.current_state[1] == 'finalized':
            return FINALIZED
        why = f' ({self._notices.failure})' if self._notices.failure else ''
        return f'the node is not configured{why}: ros2 lifecycle set {self.get_fully_qualified_name()} configure'

    def release(self, ending: bool = False) -> None:
        """Save, stop the inference and free everything that configure made, whatever there is; ending: the process."""
        for camera in self._cameras:
            camera.unsubscribe()
        if self._worker is not None:
            self._worker.pause()
            for camera in self._cameras:
                self._worker.call(camera.pipeline.saved.pause)
            self._worker.stop()
        if self._jump_handle is not None:
            self._jump_handle.unregister()
        if self._report_timer is not None:
            self.destroy_timer(self._report_timer)
        for robot in self._robots:
            robot.destroy()
        self._worker = self._report_timer = self._jump_handle = None
        self._robots = []
        self._profile = None
        if ending:  # Python's look at all that PyTorch and ROS import takes seconds on a busy machine
            return
        # Its parts hold each other: the weights would stay until Python looks, beside the next ones.
        gc.unfreeze()
        gc.collect()
        with contextlib.suppress(RuntimeError):  # a device that is lost has nothing to give back
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _clock_jumped(self, jump: TimeJump) -> None:
        # A lossless run judges by its images' stamps alone: those still waiting come from before the jump.
        if not self._settings.lossless:
            now = self.get_clock().now().nanoseconds
            for camera in self._cameras:
                self._worker.post(partial(self._device.see_to, partial(camera.pipeline.clock_went_back, now)))

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> SetParametersResult:
        """Set them; read-only ones too if they stay as they are, so that a dump of this node can be loaded into it."""
        changes = [change for change in parameter_list if not parameters.unchanged(self, change)]
        if parameter_list and not changes:
            return SetParametersResult(successful=True)
        why = mistake(self, changes)
        if why:
            return SetParametersResult(successful=False, reason=why)
        return super().set_parameters_atomically(changes)

    def _check_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        return parameters.check(self, changes, self._profile)

    def _parameters_changed(self, changes: list[Parameter]) -> None:
        if self._worker is not None:
            before, self._settings = self._settings, parameters.read(self, profile=self._profile)
            settings = self._settings
            if settings.segments != before.segments:
                self._tell_segments(settings)
            self._tell_idle({change.name for change in changes})
            for robot in self._robots:
                robot.apply(settings)

    def start(self, wanted: Callable[[], bool]) -> bool:
        """Configure and activate, as long as that is wanted; say whether the node goes on: not if its device is full or
        lost, which a process begun later may find otherwise."""
        if wanted() and self.trigger_configure() == TransitionCallbackReturn.SUCCESS and wanted():
            self.trigger_activate()
        if self._device.refused:
            self.get_logger().error('the process ends, as it does where a device fails later (on_device_error)')
        return not self._device.refused

    def goes_on(self) -> bool:
        """Say whether there is a device to compute with, begun anew if need be."""
        return self._device.failure is None or self._device.recover(
            self._settings.on_device_error, any(camera.active for camera in self._cameras))

    def _look_round(self) -> None:
        active = any(camera.active for camera in self._cameras)
        # What all robots share is told once.
        shared = dict.fromkeys(line for robot in self._robots for line in robot.look()) if active else ()
        self._notices.report([*same_name(self), *self._sim_clock.look(active), *shared])

    def _report(self) -> None:
        for robot in self._robots:
            robot.report()
