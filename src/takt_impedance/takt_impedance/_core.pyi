"""The compliant controller: impedance law, trajectory follower, envelope (C++).

Conventions. Base frame for everything Cartesian; poses are `base_from_tcp`, seven numbers
`[x, y, z, qx, qy, qz, qw]` [m, unit quaternion]. Twists, wrenches, stiffness, pose errors:
linear xyz first, then angular xyz, along base axes at the tool point. `n` is the joint count, 6
to 8. Times that end in `_ns` are integers on one clock of the caller.

Everything here is called from one thread, the one that ticks. `tick` allocates and locks
nothing. Array attributes of `TickOutput` are read-only views of the controller's memory:
the next tick overwrites them; copy what you keep.
"""

from collections.abc import Sequence
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]

class Mode(Enum):
    """What the law does. Every mode keeps the envelope, the barrier and gravity compensation."""

    CARTESIAN = 0  # follow trajectories compliantly
    HOLD = 1  # decelerate, then keep the target where it is; trajectories are refused
    GUIDE = 2  # no stiffness, light joint damping, bounded speed: move the arm by hand
    JOINT = 3  # follow joint trajectories compliantly

class Frame(Enum):
    """Axes of stiffness, damping ratio and error clip."""

    BASE = 0
    TOOL = 1  # the axes of the *target* tool frame (constant while the target is)

class Damping(Enum):
    """Where the Cartesian damping comes from; Z is the diagonal of damping ratios."""

    TASK_INERTIA = 0  # double diagonalisation: 2 sqrt(Z) (Lambda # K) sqrt(Z)
    UNIT_MASS = 1  # 2 sqrt(Z) sqrt(K) sqrt(Z): only for arms with much inertia in the wrist
    GIVEN = 2  # diagonal, Parameters.damping

class Projector(Enum):
    """Nullspace projector."""

    DYNAMIC = 0  # dynamically consistent, I - J^T Lambda J M^-1
    KINEMATIC = 1  # I - J^T (J J^T)^-1 J
    NONE = 2  # no projection: the joint spring acts on the task too (stiffness 0 switches it off)

class Fault(Enum):
    """Why the controller has given up the law for gravity compensation plus damping."""

    NONE = 0
    NONFINITE_POSITION = 1  # q
    NONFINITE_VELOCITY = 2  # dq
    NONFINITE_JACOBIAN = 3
    NONFINITE_MASS = 4
    NONFINITE_BIAS = 5
    NONFINITE_POSE = 6
    NONFINITE_DT = 7
    NONFINITE_OUTPUT = 8  # the law overflowed
    SINGULAR_MASS = 9  # mass matrix not positive definite
    INVALID_ROTATION = 10  # rotation matrix not orthonormal
    NONFINITE_WRENCH = 11  # wrench_measured: some of it NaN, or infinite
    TRACKING_ERROR = 12  # raised by the caller: a robot that takes positions does not go there

class KeepOut:
    """A body that the target of the tool point stays out of, in the base frame."""

    @staticmethod
    def box(centre: ArrayLike, half_size: ArrayLike, rotation: ArrayLike | None = None) -> KeepOut:
        """Centre (3,), half sizes (3,) along the box's axes [m]; rotation (3, 3) base_from_box."""

    @staticmethod
    def sphere(centre: ArrayLike, radius: float) -> KeepOut:
        """Centre (3,) and radius [m]."""

    @staticmethod
    def half_space(point: ArrayLike, normal: ArrayLike) -> KeepOut:
        """Everything behind the plane through `point` (3,) [m]; `normal` (3,), of any length but 0,
        leads out of it."""

    def distance(self, point: ArrayLike) -> float:
        """Of a point (3,) from the body [m]; negative inside."""

class Parameters:
    """All parameters of the controller; `Controller` validates and copies them.

    Arrays may be assigned from any sequence; a scalar fills the array. Reading gives a copy, so
    assign whole arrays. Wrong shapes raise ValueError at assignment, wrong values in `validate`.
    """

    def __init__(self, n_joints: int = 7) -> None: ...
    def validate(self) -> None:
        """Raise ValueError naming the parameter, the value found and what is allowed."""

    @property
    def n_joints(self) -> int:
        """Joint count, 6 to 8; fixed at construction."""
    # -- Joints
    joint_lower_rad: Float  # (n,) lower limits; both bounds NaN: continuous joint; default NaN
    joint_upper_rad: Float  # (n,) upper limits; default NaN
    joint_velocity_limit_rad_s: Float  # (n,) a joint is braked above it; default inf
    torque_limit_nm: Float  # (n,) largest torque, gravity included; default 80
    torque_rate_limit_nm_s: Float  # (n,) largest change of torque; default 1000
    # -- Cartesian law
    stiffness: Float  # (6, 6) spring [N/m, Nm/rad]; a (6,) is its diagonal; default 500 x3, 30 x3
    stiffness_frame: Frame  # axes of stiffness, damping and clip; default BASE
    damping_kind: Damping  # where the damper comes from; default TASK_INERTIA
    damping_ratio: Float  # (6,) of critical damping; default 1
    damping: Float  # (6,) [Ns/m, Nms/rad] with Damping.GIVEN; default 40 x3, 4 x3
    error_clip: Float  # (6,) largest error that the spring sees [m, rad]; default 0.1 x3, 0.5 x3
    max_force_n: float  # norm of the commanded force; default 100
    max_moment_nm: float  # norm of the commanded moment; default 30
    operational_space: bool  # the tool feels like a unit mass, stiffness is in 1/s²; default off
    inertia_feed_forward: float  # share of inertia times target acceleration added; default 1
    projector: Projector  # of the nullspace; default DYNAMIC
    nullspace_stiffness: Float  # (n,) pull to the posture of activation [Nm/rad]; default 10
    nullspace_damping: Float  # (n,) damping of nullspace motion [Nms/rad]; default 2
    nullspace_clip_nm: Float  # (n,) largest nullspace torque, before projection; default 5
    # -- Joint impedance
    joint_stiffness: Float  # (n,) spring [Nm/rad]; default 100
    joint_damping_ratio: Float  # (n,) of critical damping; default 1
    joint_error_clip_rad: Float  # (n,) largest error that the spring sees; default 0.3
    joint_stiffness_rate: float  # change of it and of the nullspace's [Nm/rad/s]; default 400
    # -- Feed-forward wrench
    max_feed_forward_n: float  # norm of the force; default 30
    max_feed_forward_nm: float  # norm of the moment; default 5
    feed_forward_rate: Float  # (6,) largest change [N/s, Nm/s]; default 200 x3, 40 x3
    feed_forward_timeout_s: float  # it fades after this long without a new one; default 0.5
    # -- Energy tank
    tank: bool  # what could make contact active is paid from a tank; default off
    tank_capacity_j: float  # more than this is not stored; default 4
    tank_start_j: float  # content at activation; default 2
    tank_floor_j: float  # below this nothing is paid; default 0.2
    tank_margin_j: float  # over this above the floor, feed-forward is scaled down; default 0.3
    tank_refill_w: float  # granted for friction and unknown loads; 0: strictly passive; default 0
    # -- External wrench
    observer_cutoff_hz: float  # of the momentum observer; default 20
    observer_damping: float  # of the pseudo-inverse from torques to wrench [m]; default 0.02
    contact_fade_n: float  # external force at which inertial feed-forward is off; default 5
    max_contact_force_n: float  # above it the target retreats; default inf
    contact_retreat_s: float  # time constant of the retreat; default 0.1
    max_retreat_velocity_m_s: float  # of the retreat, which goes 0.05 m at most; default 0.1
    # -- Speed of the tool itself
    max_tool_velocity_m_s: float  # the tool is braked above it in every mode; default 2
    max_tool_velocity_rad_s: float  # the same for turning; default 6
    # -- Joint effects
    barrier_margin_rad: float  # a barrier begins this far before a joint limit; default 0.1
    barrier_gain: float  # its torque at the limit, as a part of torque_limit_nm; default 1
    friction_coulomb_nm: Float  # (n,) dry friction that is compensated; default 0
    friction_viscous_nms_rad: Float  # (n,) viscous friction that is compensated; default 0
    friction_velocity_rad_s: float  # width of the smooth sign of dry friction; default 0.05
    guide_damping_nms_rad: Float  # (n,) in GUIDE; less for joints too light for it; default 0.5
    guide_max_linear_velocity_m_s: float  # in GUIDE the tool is braked above it; default 0.5
    guide_max_angular_velocity_rad_s: float  # the same for turning; default 1.5
    guide_max_joint_velocity_rad_s: Float  # (n,) the same for joints; default 1.5
    fault_damping_nms_rad: Float  # (n,) in a fault; less for joints too light for it; default 4
    # -- Ramps
    stiffness_rate: Float  # (6,) largest change [N/m/s, Nm/rad/s]; default 2000 x3, 120 x3
    damping_ratio_rate: float  # largest change [1/s]; default 4
    engage_s: float  # the law fades in and out over this around GUIDE; default 0.3
    activation_blend_s: float  # a torque found at activation fades over this; default 0.3
    # -- Follower
    max_linear_velocity_m_s: float  # of the target; default 1
    max_angular_velocity_rad_s: float  # of the target; default 2.5
    max_linear_acceleration_m_s2: float  # of the target; default 12
    max_angular_acceleration_rad_s2: float  # of the target; default 30
    max_linear_jerk_m_s3: float  # of the target; default 5000
    max_angular_jerk_rad_s3: float  # of the target; default 12500
    max_joint_velocity_rad_s: Float  # (n,) of the joint target; default 1.5
    max_joint_acceleration_rad_s2: Float  # (n,) of the joint target; default 20
    max_joint_jerk_rad_s3: Float  # (n,) of the joint target; default 5000
    stop_s: float  # a starved or stopped target is at rest after at most this; default 0.1
    release_s: float  # starved for longer, the stiffness is lowered; default inf
    release_stiffness_scale: float  # to this part of it; default 0.2
    max_jump_m: float  # of a first waypoint from the target, else refused; default 0.1
    max_jump_rad: float  # the same in rotation; default 0.5
    max_joint_jump_rad: Float  # (n,) the same for joints; default 0.5
    max_start_delay_s: float  # a first waypoint or start further ahead is refused; default 5
    max_waypoints: int  # of one trajectory; default 256
    # -- Space
    workspace_lower_m: Float  # (3,) box for the target of the tool point; default -inf
    workspace_upper_m: Float  # (3,) its upper corner; default inf
    keep_outs: Sequence[KeepOut]  # bodies that the target stays out of, at most 16; default none
    keep_out_margin_m: float  # at this distance from each of them; default 0
    # -- Time
    dt_min_s: float  # a shorter period is an overrun and counts as this; default 0.0002
    dt_max_s: float  # a longer period is an overrun and counts as this; default 0.005

class TrajectoryResult:
    """What became of a trajectory."""

    @property
    def accepted(self) -> bool: ...
    @property
    def reason(self) -> str:
        """Why it was refused, with the numbers; empty if accepted."""
    @property
    def dropped(self) -> int:
        """Waypoints whose time had passed."""

class TickOutput:
    """Result of one tick; one object per controller, arrays are views of live memory."""

    @property
    def torque(self) -> Float:
        """(n,) [Nm] to send to the joints, gravity included."""
    @property
    def target_pose(self) -> Float:
        """(7,) what the law pulled towards in this tick: the follower's target plus the retreat
        from a contact. In joint impedance the measured pose."""
    @property
    def target_twist(self) -> Float:
        """(6,) of the follower's target; 0 in joint impedance."""
    @property
    def pose_error(self) -> Float:
        """(6,) [target - tcp; log(R_target R_tcp^T)] before clipping, base axes; 0 in joint
        impedance."""
    @property
    def wrench(self) -> Float:
        """(6,) commanded on the tool point after limits, base axes; 0 in joint impedance."""
    @property
    def stiffness(self) -> Float:
        """(6, 6) in use in this tick, in the axes of `stiffness_frame`; 0 in joint impedance."""
    @property
    def stiffness_frame(self) -> Frame: ...
    @property
    def external_torque(self) -> Float:
        """(n,) [Nm] by the momentum observer; NaN where torques are not measured."""
    @property
    def wrench_estimate(self) -> Float:
        """(6,) what the environment does to the tool point, from `external_torque`; base axes."""
    @property
    def joint_target(self) -> Float:
        """(n,) of the joint impedance [rad]; else the measured joints."""
    @property
    def joint_target_velocity(self) -> Float:
        """(n,) [rad/s]; 0 but in joint impedance."""
    @property
    def feed_forward(self) -> Float:
        """(6,) feed-forward wrench in use, base axes."""
    @property
    def tank_level(self) -> float:
        """Content over capacity; below 0 in debt; NaN without a tank."""
    @property
    def tank_scale(self) -> float:
        """1: the tank pays for everything; 0: nothing may inject energy."""
    @property
    def starved(self) -> bool:
        """The trajectory ran out; the target has stopped (or is stopping) since."""
    @property
    def moving(self) -> bool:
        """A trajectory is being followed, or the target is not yet at rest."""
    @property
    def fault(self) -> Fault: ...
    @property
    def fault_name(self) -> str:
        """Lower case name of the fault; "" if none."""
    @property
    def wrench_limited(self) -> bool: ...
    @property
    def torque_limited(self) -> bool: ...
    @property
    def rate_limited(self) -> bool: ...
    @property
    def contact_limited(self) -> bool:
        """By the limit of the contact force: pushing was cut, or the target is in retreat."""
    @property
    def speed_limited(self) -> bool:
        """The tool was braked."""
    @property
    def keepout_limited(self) -> bool:
        """The target was held by the workspace or by a keep-out."""
    @property
    def overrun(self) -> bool:
        """dt of this tick was outside its bounds, or the clock ran backwards."""
    @property
    def mode(self) -> Mode: ...

class Counters:
    """Since construction."""

    @property
    def ticks(self) -> int: ...
    @property
    def overruns(self) -> int: ...
    @property
    def starvations(self) -> int: ...
    @property
    def dropped_waypoints(self) -> int: ...
    @property
    def rejected_trajectories(self) -> int: ...
    @property
    def accepted_trajectories(self) -> int: ...
    @property
    def faults(self) -> int: ...

class Controller:
    """Cartesian impedance controller with a trajectory follower and a safety envelope."""

    def __init__(self, parameters: Parameters) -> None:
        """Validate and copy the parameters (ValueError); allocate everything."""

    @property
    def parameters(self) -> Parameters:
        """A copy."""
    def activate(
        self,
        now_ns: int,
        q: ArrayLike,
        base_from_tcp_position: ArrayLike,
        base_from_tcp_rotation: ArrayLike,
        tau_measured: ArrayLike | None = None,
    ) -> None:
        """Start from the measured state: call before the first tick and after every gap.

        The target becomes the measured pose (7 values of position (3,) and rotation matrix
        (3, 3)), the nullspace posture becomes `q`, the mode CARTESIAN at rest, a latched fault is
        cleared, any trajectory forgotten. With `tau_measured` (n,) the first tick commands just
        that torque and fades to the law over `activation_blend_s`; without, the law's own torque.
        Raises ValueError if anything is not finite or the matrix is not a rotation.
        """

    def tick(
        self,
        now_ns: int,
        dt_s: float,
        q: Float,
        dq: Float,
        tau_measured: Float | None,
        jacobian: Float,
        mass: Float,
        bias: Float,
        base_from_tcp_position: Float,
        base_from_tcp_rotation: Float,
        wrench_measured: Float | None = None,
    ) -> TickOutput:
        """One control step.

        Args: q, dq, tau_measured (or None), bias: (n,) [rad, rad/s, Nm, Nm]; jacobian (6, n) of
        the tool point, base axes, linear rows first (Pinocchio's LOCAL_WORLD_ALIGNED); mass
        (n, n); bias: gravity plus Coriolis torques; position (3,), rotation (3, 3);
        wrench_measured (6,): what the environment does to the tool at the tool point, base axes.
        tau_measured is what the joints' drives exert, gravity included.
        float64 arrays of any memory order are read without a copy. Wrong shapes raise ValueError.
        Non-finite values do not raise: they latch a fault (see `Fault`). RuntimeError before
        `activate`.
        """

    def set_mode(self, mode: Mode) -> None:
        """Change the mode without a bump; that drops the trajectory. HOLD keeps the law in use."""

    def set_impedance(
        self,
        stiffness: ArrayLike,
        damping_ratio: ArrayLike | None = None,
        frame: Frame | None = None,
    ) -> None:
        """New stiffness, (6,) or (6, 6), and damping ratio (6,); reached along a ramp.

        Along the axes of `frame`, or else of `Parameters.stiffness_frame`; where that is another
        one than now, the stiffness is first turned into it as it is. Waypoints that carry
        stiffness win while they are followed. ValueError, and no change, if not finite, not
        symmetric or not positive semidefinite.
        """

    def set_nullspace_stiffness(self, stiffness: ArrayLike) -> None:
        """(n,) or one for all [Nm/rad], reached along a ramp; ValueError if negative or NaN."""

    def set_joint_impedance(self, stiffness: ArrayLike, damping_ratio: ArrayLike) -> None:
        """(n,) or one for all, of the joint impedance, along a ramp; ValueError likewise."""

    def set_wrench(self, wrench: ArrayLike, now_ns: int) -> None:
        """Add a wrench (6,) to the spring's, base axes at the tool point [N, Nm].

        Limited and reached along a ramp; it fades when there was no new one for
        `feed_forward_timeout_s`, and in any mode but CARTESIAN. ValueError if not finite.
        """

    def set_nullspace_posture(self, q: ArrayLike) -> None:
        """Posture (n,) [rad] that the nullspace spring pulls towards."""

    def set_trajectory(
        self,
        times_ns: ArrayLike,
        poses: ArrayLike,
        now_ns: int,
        twists: ArrayLike | None = None,
        stiffness: ArrayLike | None = None,
        start_ns: int = 0,
    ) -> TrajectoryResult:
        """Replace what is being followed by stamped waypoints, without a step.

        Args: times_ns (N,) int64 strictly increasing; poses (N, 7); twists (N, 6), a row of NaN =
        not given; stiffness (N, 6) diagonals in the tool frame, a row of NaN = not given. No
        waypoints (N = 0): decelerate and hold now, which is not starvation. `start_ns` in the
        future: what is followed now goes on until then, and the distance to the first waypoint is
        judged then.
        From mode JOINT this changes to CARTESIAN.

        Waypoints at or before now are dropped and counted. From the present target and its velocity
        a smooth curve leads to the first future waypoint and on through the others; waypoints that
        come too soon to be reached within the acceleration limits are passed over. Velocities not
        given come from the neighbours; without a twist the last waypoint is a resting point. After
        the last waypoint's time the target stops within `stop_s`, holds, and is `starved`,
        unless the last twist was given as zero: then the motion was planned to end there.

        Never raises on values: refuses with a reason (too far from the target, non-finite, times
        not increasing, all in the past, too many, wrong mode, a fault is latched) and goes on with
        what was followed before. Wrong shapes raise ValueError.
        """

    def set_joint_trajectory(
        self,
        times_ns: ArrayLike,
        positions: ArrayLike,
        now_ns: int,
        velocities: ArrayLike | None = None,
        start_ns: int = 0,
    ) -> TrajectoryResult:
        """As `set_trajectory`, of joints: positions (N, n) [rad], velocities (N, n) [rad/s], a row
        of NaN = not given. Changes to mode JOINT; the joint target begins at the measured q."""

    def set_joint_target(self, q: ArrayLike, now_ns: int) -> TrajectoryResult:
        """Move to joint positions (n,) as fast as the limits allow; changes to mode JOINT."""

    def set_target(self, pose: ArrayLike, now_ns: int) -> TrajectoryResult:
        """Move to one pose (7,) as fast as the follower's limits allow, and rest there.

        For clients that stream single poses: a step in the pose becomes a ramp. Refused like a
        trajectory, but with no limit on the jump.
        """

    def reset_fault(
        self,
        now_ns: int,
        q: ArrayLike,
        base_from_tcp_position: ArrayLike,
        base_from_tcp_rotation: ArrayLike,
    ) -> None:
        """Clear a latched fault (without one nothing happens) and hold the measured pose, in the
        mode before the fault, without a bump: the torque goes on from the last one commanded."""

    @property
    def output(self) -> TickOutput:
        """Of the latest tick."""
    @property
    def counters(self) -> Counters: ...
    @property
    def mode(self) -> Mode: ...
    @property
    def starved(self) -> bool: ...

class GroupResult:
    """What became of the trajectories of a group."""

    @property
    def accepted(self) -> bool: ...
    @property
    def arms(self) -> list[TrajectoryResult]:
        """In the order of the controllers; an arm may be refused because of another."""

class ArmGroup:
    """Arms that set out together or not at all; all are ticked by the same thread.

    With a start in the future the arms are asked once more when it comes: one that can no longer go
    (a fault, a stop, another command, too far from its first waypoint) keeps the others back.
    """

    def __init__(self, controllers: Sequence[Controller]) -> None: ...
    def set_trajectory(
        self,
        times_ns: Sequence[ArrayLike],
        poses: Sequence[ArrayLike],
        now_ns: int,
        twists: Sequence[ArrayLike | None] | None = None,
        stiffness: Sequence[ArrayLike | None] | None = None,
        start_ns: int = 0,
    ) -> GroupResult:
        """As `Controller.set_trajectory`, one entry per arm. ValueError if the numbers differ."""

    def set_joint_trajectory(
        self,
        times_ns: Sequence[ArrayLike],
        positions: Sequence[ArrayLike],
        now_ns: int,
        velocities: Sequence[ArrayLike | None] | None = None,
        start_ns: int = 0,
    ) -> GroupResult:
        """As `Controller.set_joint_trajectory`, one entry per arm."""

class TickSummary:
    """How regular and how long ticks were, over a window (takt_msgs/TickStatistics)."""

    @property
    def ticks(self) -> int: ...
    @property
    def overruns(self) -> int:
        """Ticks whose period was out of bounds."""
    @property
    def period_mean_s(self) -> float:
        """From tick to tick; NaN before the first."""
    @property
    def period_deviation_s(self) -> float: ...
    @property
    def period_max_s(self) -> float: ...
    @property
    def compute_mean_s(self) -> float:
        """Spent in a tick; NaN where not measured."""
    @property
    def compute_max_s(self) -> float: ...

class TickStatistics:
    """Sums up ticks over windows of time."""

    def __init__(self, window_s: float = 1.0) -> None: ...
    def add(self, period_s: float, overrun: bool, compute_s: float = ...) -> None:
        """One tick: time since the one before, whether that was out of bounds, and what the tick
        took (NaN: not measured)."""

    def summary(self) -> TickSummary:
        """Of the latest window that is complete; of the one that is filling until there is one."""

class Posted:
    """The answer to a post."""

    @property
    def posted(self) -> bool:
        """The tick will see the command."""
    @property
    def id(self) -> int:
        """Its answer from `poll_results` carries it; 0 if not posted."""
    @property
    def reason(self) -> str:
        """What is wrong with the command itself, if not posted."""

class Answer:
    """What became of a command that a tick took."""

    @property
    def id(self) -> int: ...
    @property
    def accepted(self) -> bool: ...
    @property
    def dropped(self) -> int: ...
    @property
    def reason(self) -> str: ...

class Snapshot:
    """What a tick read and did, all of the same tick; arrays are copies."""

    @property
    def active(self) -> bool:
        """False until the first tick after an activation."""
    @property
    def now_ns(self) -> int: ...
    @property
    def q(self) -> Float: ...
    @property
    def pose(self) -> Float:
        """(7,) measured."""
    @property
    def target_pose(self) -> Float: ...
    @property
    def torque(self) -> Float: ...
    @property
    def mode(self) -> Mode: ...
    @property
    def fault(self) -> Fault: ...
    @property
    def starved(self) -> bool: ...
    @property
    def moving(self) -> bool: ...
    @property
    def counters(self) -> Counters: ...
    @property
    def statistics(self) -> TickSummary: ...

class SharedController:
    """A controller between threads, as the ros2_control plugin uses it (C++: wait-free).

    Commands are read and checked when posted; what only a tick can know comes with `poll_results`.
    Of commands of one kind that no tick took yet, the newest wins; everything that tells the robot
    where to go is one kind. Different kinds are done in the order of posting. Arguments are those
    of `Controller`; the tick's own time decides which waypoints are past.
    """

    def __init__(self, parameters: Parameters) -> None: ...
    def activate(
        self,
        now_ns: int,
        q: ArrayLike,
        base_from_tcp_position: ArrayLike,
        base_from_tcp_rotation: ArrayLike,
    ) -> None:
        """As `Controller.activate`; commands posted before are refused."""

    def tick(
        self,
        now_ns: int,
        dt_s: float,
        q: Float,
        dq: Float,
        jacobian: Float,
        mass: Float,
        bias: Float,
        base_from_tcp_position: Float,
        base_from_tcp_rotation: Float,
    ) -> None:
        """Do what was posted, tick, leave a snapshot."""

    def post_trajectory(
        self,
        times_ns: ArrayLike,
        poses: ArrayLike,
        twists: ArrayLike | None = None,
        stiffness: ArrayLike | None = None,
        start_ns: int = 0,
    ) -> Posted: ...
    def post_joint_trajectory(
        self,
        times_ns: ArrayLike,
        positions: ArrayLike,
        velocities: ArrayLike | None = None,
        start_ns: int = 0,
    ) -> Posted: ...
    def post_target(self, pose: ArrayLike) -> Posted: ...
    def post_joint_target(self, q: ArrayLike) -> Posted: ...
    def post_stiffness(self, stiffness: ArrayLike, frame: Frame = ...) -> Posted: ...
    def post_nullspace_posture(self, q: ArrayLike) -> Posted: ...
    def post_mode(self, mode: Mode) -> Posted: ...
    def post_reset_fault(self) -> Posted: ...
    def poll_results(self) -> list[Answer]:
        """Since the last call, in order. A trajectory that waited for its start comes twice."""

    def snapshot(self) -> Snapshot:
        """Of the latest tick."""

    @property
    def replaced(self) -> int:
        """Commands that newer ones replaced before a tick took them."""
    @property
    def lost_results(self) -> int:
        """Answers that nobody polled for in time: there is room for 64."""

class VirtualArmParameters:
    """Of a VirtualArm."""

    def __init__(self, n_joints: int = 7) -> None: ...
    def validate(self) -> None:
        """Raise ValueError naming the parameter, the value found and what is allowed."""

    inertia_kgm2: Float  # (n,) added to the diagonal of the mass matrix; default 0.1
    damping_nms_rad: Float  # (n,) in each joint; default 1
    wrench_cutoff_hz: float  # smoothing of the measured wrench; default 20

class VirtualArm:
    """A simulated arm between controller and a robot that takes positions (admittance).

    Each period: terms at `q`, `dq`; tick the controller with them; `step` with its torque; send
    `q` to the robot. Positions and velocities keep the limits of the controller's parameters.
    """

    def __init__(self, controller: Parameters, parameters: VirtualArmParameters) -> None: ...
    def reset(self, q: ArrayLike) -> None:
        """At rest at `q` (n,)."""

    @property
    def q(self) -> Float:
        """(n,) a copy [rad]."""
    @property
    def dq(self) -> Float:
        """(n,) a copy [rad/s]."""
    def step(
        self,
        torque: ArrayLike,
        jacobian: ArrayLike,
        mass: ArrayLike,
        bias: ArrayLike,
        wrench: ArrayLike,
        dt_s: float,
    ) -> None:
        """One period under `torque` (n,) and the external `wrench` (6,) on the tool point, base
        axes (NaN: none). What is not finite brings the arm to rest where it is."""

def rotation_log(rotation: ArrayLike) -> Float:
    """Rotation vector (3,) of a rotation matrix (3, 3), angle in [0, pi]."""

def rotation_exp(vector: ArrayLike) -> Float:
    """Rotation matrix (3, 3) of a rotation vector (3,)."""

def interpolate(
    times_ns: ArrayLike, poses: ArrayLike, twists: ArrayLike | None, t_ns: int
) -> tuple[Float, Float]:
    """Pose (7,) and twist (6,) at `t_ns` of the curve through waypoints, without limits.

    The follower's own curve, for planners and plots: at rest at the last waypoint unless its twist
    says otherwise. ValueError if something is wrong with the waypoints.
    """
