# shellcheck shell=bash
# The environment of takt: `source scripts/env.sh` from bash or zsh, in any directory.
#
# Values that are set already win, so `ROS_DOMAIN_ID=7 make demo` does what it says.

if [ -n "${ZSH_VERSION:-}" ]; then
    _takt_shell=zsh
    # shellcheck disable=SC2296
    _takt_file=${(%):-%x}
else
    _takt_shell=bash
    _takt_file=${BASH_SOURCE[0]}
fi
TAKT_ROOT=$(cd "$(dirname "$_takt_file")/.." && pwd)
export TAKT_ROOT

# colcon's and ROS's scripts read variables that may be unset.
case $- in *u*) _takt_nounset=1; set +u ;; *) _takt_nounset= ;; esac

_takt_prepend() {  # variable, directory: put it first, once
    eval "_takt_value=\${$1:-}"
    # shellcheck disable=SC2154
    case ":$_takt_value:" in
        *":$2:"*) ;;
        *) export "$1=$2${_takt_value:+:$_takt_value}" ;;
    esac
}

if [ -f "$TAKT_ROOT/.venv/bin/activate" ]; then
    if [ "${VIRTUAL_ENV:-}" != "$TAKT_ROOT/.venv" ]; then
        export VIRTUAL_ENV_DISABLE_PROMPT=1
        # shellcheck disable=SC1091
        . "$TAKT_ROOT/.venv/bin/activate"
    fi
    if [ -e "$TAKT_ROOT/.venv/share/ament_index/resource_index/packages/rclpy" ]; then
        # ROS 2 from wheels. Their start-up hook would restart every interpreter once
        # to set the library path; setting it here saves that.
        _takt_prepend AMENT_PREFIX_PATH "$TAKT_ROOT/.venv"
        _takt_prepend CMAKE_PREFIX_PATH "$TAKT_ROOT/.venv"
        for _takt_directory in "$TAKT_ROOT"/.venv/lib/python3*/site-packages/ros_*.libs; do
            if [ -d "$_takt_directory" ]; then
                _takt_prepend LD_LIBRARY_PATH "$_takt_directory"
            fi
        done
        _takt_prepend LD_LIBRARY_PATH "$TAKT_ROOT/.venv/lib"
        export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
    fi
fi

if [ -f "$TAKT_ROOT/install/local_setup.$_takt_shell" ]; then
    # shellcheck disable=SC1090
    . "$TAKT_ROOT/install/local_setup.$_takt_shell"
fi

# ROS keeps the executables of packages off PATH; `takt` is for people.
if [ -x "$TAKT_ROOT/install/takt_bringup/lib/takt_bringup/takt" ]; then
    _takt_prepend PATH "$TAKT_ROOT/install/takt_bringup/lib/takt_bringup"
fi

export RMW_IMPLEMENTATION="${RMW_IMPLEMENTATION:-rmw_fastrtps_cpp}"
export ROS_AUTOMATIC_DISCOVERY_RANGE="${ROS_AUTOMATIC_DISCOVERY_RANGE:-LOCALHOST}"
export ROS_DOMAIN_ID="${ROS_DOMAIN_ID:-0}"
if [ -f "$TAKT_ROOT/config/fastdds.xml" ]; then
    export FASTDDS_DEFAULT_PROFILES_FILE="${FASTDDS_DEFAULT_PROFILES_FILE:-$TAKT_ROOT/config/fastdds.xml}"
    if [ "${ROS_DISTRO:-}" = jazzy ]; then
        # Fast DDS 2 knows only this name, Fast DDS 3 warns of it.
        export FASTRTPS_DEFAULT_PROFILES_FILE="${FASTRTPS_DEFAULT_PROFILES_FILE:-$FASTDDS_DEFAULT_PROFILES_FILE}"
    fi
fi
if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    export MUJOCO_GL="${MUJOCO_GL:-egl}"
fi

if [ -n "$_takt_nounset" ]; then set -u; fi
unset -f _takt_prepend
unset _takt_shell _takt_file _takt_nounset _takt_value _takt_directory
