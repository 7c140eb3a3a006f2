// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Handler} from "./Handler.sol";

contract SequenceHandler is Handler {}

/// @title The handler reaches everything it should
/// @notice A long fixed sequence of acts; afterwards every act has succeeded, every refusal that can be predicted has come, every outcome
/// was reached. An invariant over a handler that does nothing would hold for nothing.
contract HandlerSequence {
    /// @dev Acts that are always tried, and the most that are: what comes rarely depends on addresses, which every new contract moves.
    uint256 private constant ACTS = 1000;
    uint256 private constant MOST_ACTS = 90_000;
    /// @dev Acts in one world; the next begins anew, so that nothing that came about keeps something else from coming.
    uint256 private constant ACTS_PER_WORLD = 3000;

    Handler[] private _worlds;
    string private _missing;

    /// @notice The act broke the model.
    error Failed(uint256 act, bytes answer);
    /// @notice The sequence never came to these.
    error NeverReached(string what);

    function setUp() public {
        _worlds.push(new SequenceHandler());
    }

    function test_sequence_ReachesEveryActOfTheMarket() external {
        _run("market", _worlds[0].marketSelectors(), _marketReached);
    }

    function test_sequence_ReachesEveryActOfCommittees() external {
        _run("committees", _worlds[0].committeeSelectors(), _committeesReached);
    }

    function test_sequence_ReachesEveryActOfQualificationAndRewards() external {
        _run("peers", _worlds[0].peerSelectors(), _peersReached);
    }

    function _run(string memory name, bytes4[] memory acts, function() internal hasReached) private {
        Handler world = _worlds[0];
        for (uint256 i; i < MOST_ACTS; ++i) {
            if (i >= ACTS && i % 500 == 0 && _isComplete(hasReached)) break;
            if (i != 0 && i % ACTS_PER_WORLD == 0) _worlds.push(world = new SequenceHandler());
            uint256 seed = uint256(keccak256(abi.encode(name, i)));
            bytes memory call = abi.encodeWithSelector(acts[seed % acts.length], seed / acts.length);
            (bool ok, bytes memory answer) = address(world).call(call);
            if (!ok) revert Failed(i, answer);
        }
        if (!_isComplete(hasReached)) revert NeverReached(_missing);
        world.endEverything();
    }

    function _isComplete(function() internal hasReached) private returns (bool) {
        _missing = "";
        hasReached();
        return bytes(_missing).length == 0;
    }

    function _acts(string memory names) private {
        _check(names, "", 0);
    }

    function _refusals(string memory names) private {
        _check(names, "refusal of ", 1);
    }

    function _happenings(string memory names) private {
        _check(names, "", 2);
    }

    /// @dev Notes what of a list no world came to: 0 acts, 1 refusals, 2 happenings.
    function _check(string memory names, string memory what, uint256 kind) private {
        string[] memory list = _split(names);
        for (uint256 i; i < list.length; ++i) {
            uint256 times;
            for (uint256 k; k < _worlds.length; ++k) {
                if (kind == 0) times += _worlds[k].done(list[i]);
                else if (kind == 1) times += _worlds[k].refused(list[i]);
                else times += _worlds[k].seen(list[i]);
            }
            if (times == 0) _missing = string.concat(_missing, what, list[i], "; ");
        }
    }

    function _marketReached() internal {
        _acts("submit;submitMany;cancel before the draw;ask for a cancel;cancel;release;assign;assignMany;accept");
        _acts("decline;fail;commit;commitOpen;reveal;submitProof;settle;settle an undrawn workload;clear;slash");
        _acts("stake;join;leave;top up;unstake;deposit;withdraw;burn fees;burn slashes;take bounty");
        _refusals("trespass;submit;cancel before the draw;cancel;release;assign;accept;decline;fail;commit");
        _refusals("commitOpen;reveal;submitProof;settle;slash;stake;join;leave;unstake;withdraw");
        _happenings("proven;unserved;timed out;program failed;inputs unavailable;invalid proof;not revealed");
        _happenings("paid at once;all slots drawn;slots left undrawn;candidate busy;candidate below floor");
        _happenings("candidate inactive;candidate of the same operator;candidate drawn or spare;accepted in time");
        _happenings("accepted late;dropped for declines;dropped for misses");
        _happenings("fail after a release;closed by the last own commit;valid reveal;invalid reveal");
        _happenings("release with seats waiting;compensated by a cancel;compensated after a release");
        _happenings("slashed by its own operator;rules added;rules changed before a draw;class terms changed");
        _happenings("class bond changed;admission opened");
    }

    function _committeesReached() internal {
        _acts("reveal to a committee;open a judging;draw a committee;post verdicts;appeal;report two verdicts");
        _acts("take what is owed;settle;commit;commitOpen");
        _refusals("reveal to a committee;open a judging;draw a committee;post verdicts;appeal;report two verdicts");
        _refusals("settle");
        _happenings(
            "proven;invalid proof;unjudged;attempt failed;round named late;committee too small;committee member paid"
        );
        _happenings("verdict missed;dropped for missed verdicts;verdict changed by an appeal;appeal lost");
    }

    function _peersReached() internal {
        _acts("open a check;start a check;answer a check;excuse a seat;evict;record rewards;claim rewards");
        _acts("fund rewards;join;leave;top up");
        _refusals("open a check;start a check;answer a check;excuse a seat;evict;record rewards;claim rewards");
        _happenings("joined by a puzzle;evicted by its own operator;evicted while leaving;policy changed");
        _happenings("class without a puzzle;rewards changed");
    }

    /// @dev Cuts a list at its semicolons.
    function _split(string memory names) private pure returns (string[] memory list) {
        bytes memory all = bytes(names);
        uint256 count = 1;
        for (uint256 i; i < all.length; ++i) if (all[i] == ";") ++count;
        list = new string[](count);
        uint256 from;
        count = 0;
        for (uint256 i; i <= all.length; ++i) {
            if (i != all.length && all[i] != ";") continue;
            bytes memory name = new bytes(i - from);
            for (uint256 k; k < name.length; ++k) name[k] = all[from + k];
            list[count++] = string(name);
            from = i + 1;
        }
    }
}
