// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Handler} from "./Handler.sol";

contract SequenceHandler is Handler {}

/// @title The handler reaches everything it should
/// @notice A long fixed sequence of acts; afterwards every act has succeeded, every refusal that can be predicted has come, every outcome
/// was reached. An invariant over a handler that does nothing would hold for nothing.
contract HandlerSequence {
    /// @dev Acts that are always tried, and the most that are: what comes rarely depends on addresses, which every new contract moves.
    uint256 private constant ACTS = 5000;
    uint256 private constant MOST_ACTS = 20_000;

    Handler private _handler;
    string private _missing;

    /// @notice The act broke the model.
    error Failed(uint256 act, bytes answer);
    /// @notice The sequence never came to these.
    error NeverReached(string what);

    function setUp() public {
        _handler = new SequenceHandler();
    }

    function test_sequence_ReachesEveryActAndOutcome() external {
        bytes4[] memory acts = _handler.actSelectors();
        for (uint256 i; i < MOST_ACTS; ++i) {
            if (i >= ACTS && i % 500 == 0 && _hasReachedAll()) break;
            uint256 seed = uint256(keccak256(abi.encode("sequence", i)));
            bytes memory call = abi.encodeWithSelector(acts[seed % acts.length], seed / acts.length);
            (bool ok, bytes memory answer) = address(_handler).call(call);
            if (!ok) revert Failed(i, answer);
        }
        if (!_hasReachedAll()) revert NeverReached(_missing);
        _handler.endEverything();
    }

    function _hasReachedAll() private returns (bool) {
        _missing = "";
        _checkActs();
        _checkRefusals();
        _checkHappenings();
        return bytes(_missing).length == 0;
    }

    function _checkActs() private {
        string[29] memory names = [
            "submit",
            "submitMany",
            "cancel before the draw",
            "ask for a cancel",
            "cancel",
            "release",
            "assign",
            "assignMany",
            "accept",
            "decline",
            "fail",
            "commit",
            "commitOpen",
            "reveal",
            "submitProof",
            "settle",
            "settle an undrawn workload",
            "clear",
            "slash",
            "stake",
            "join",
            "leave",
            "top up",
            "unstake",
            "deposit",
            "withdraw",
            "burn fees",
            "burn slashes",
            "take bounty"
        ];
        for (uint256 i; i < names.length; ++i) _reached(names[i], _handler.done(names[i]));
    }

    function _checkRefusals() private {
        string[20] memory names = [
            "trespass",
            "submit",
            "cancel before the draw",
            "cancel",
            "release",
            "assign",
            "accept",
            "decline",
            "fail",
            "commit",
            "commitOpen",
            "reveal",
            "submitProof",
            "settle",
            "slash",
            "stake",
            "join",
            "leave",
            "unstake",
            "withdraw"
        ];
        for (uint256 i; i < names.length; ++i)
            _reached(string.concat("refusal of ", names[i]), _handler.refused(names[i]));
    }

    function _checkHappenings() private {
        string[32] memory names = [
            "proven",
            "unserved",
            "timed out",
            "program failed",
            "inputs unavailable",
            "invalid proof",
            "not revealed",
            "paid at once",
            "all slots drawn",
            "slots left undrawn",
            "candidate busy",
            "candidate below floor",
            "candidate inactive",
            "candidate of the same operator",
            "candidate drawn or spare",
            "accepted in time",
            "accepted late",
            "dropped for declines",
            "dropped for misses",
            "fail after the end",
            "fail after a release",
            "closed by the last own commit",
            "valid reveal",
            "invalid reveal",
            "release with seats waiting",
            "compensated by a cancel",
            "compensated after a release",
            "slashed by its own operator",
            "bond held by an open slot",
            "rules added",
            "class terms changed",
            "class bond changed"
        ];
        for (uint256 i; i < names.length; ++i) _reached(names[i], _handler.seen(names[i]));
    }

    function _reached(string memory what, uint256 times) private {
        if (times == 0) _missing = string.concat(_missing, what, "; ");
    }
}
