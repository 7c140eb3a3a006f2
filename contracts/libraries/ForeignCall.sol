// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Calls of contracts that are not ours
/// @notice Whatever such a contract does costs at most the gas it was allowed, and of what it returns only a bounded part is ever copied, so that
/// a return bomb costs nobody but its author. Every external call of the network stands in docs/external-calls.md.
library ForeignCall {
    /// @notice Too little gas is left to give the called contract what it may use.
    error NotEnoughGas(uint256 have, uint256 want);

    /// @dev Reverts unless a call can be given `cap` (EIP-150) and `reserve` is left for the way there and what follows. Who calls must not be able
    /// to make a contract fail that would not have.
    function checkGas(uint256 cap, uint256 reserve) internal view {
        // Caps have 32 bits at most.
        unchecked {
            uint256 want = (cap * 64) / 63 + reserve;
            if (gasleft() < want) revert NotEnoughGas(gasleft(), want);
        }
    }

    /// @dev Asks a question that changes nothing.
    /// @param target Contract.
    /// @param cap Most gas it may use.
    /// @param question Encoded call.
    /// @return ok Whether the call succeeded.
    /// @return answer The first word of the answer, the only one that is copied; zero if there is none.
    function ask(address target, uint256 cap, bytes memory question) internal view returns (bool ok, uint256 answer) {
        assembly ("memory-safe") {
            ok := staticcall(cap, target, add(question, 32), mload(question), 0x00, 0x20)
            if and(ok, gt(returndatasize(), 31)) {
                answer := mload(0x00)
            }
        }
    }

    /// @dev As {ask}, of an answer of two words; one that is shorter is none.
    /// @param target Contract.
    /// @param cap Most gas it may use.
    /// @param question Encoded call.
    /// @return ok Whether it answered with two words.
    /// @return first The first word.
    /// @return second The second.
    function askPair(
        address target,
        uint256 cap,
        bytes memory question
    ) internal view returns (bool ok, uint256 first, uint256 second) {
        assembly ("memory-safe") {
            ok := staticcall(cap, target, add(question, 32), mload(question), 0x00, 0x40)
            ok := and(ok, gt(returndatasize(), 63))
            if ok {
                first := mload(0x00)
                second := mload(0x20)
            }
        }
    }

    /// @dev Calls, and copies of what comes back `limit` bytes at most. An account without code fails.
    /// @param target Contract.
    /// @param cap Most gas it may use.
    /// @param data Encoded call.
    /// @param limit Bytes.
    /// @return ok Whether the call succeeded.
    /// @return returned The beginning of what it returned or reverted with.
    function tryCall(
        address target,
        uint256 cap,
        bytes memory data,
        uint256 limit
    ) internal returns (bool ok, bytes memory returned) {
        assembly ("memory-safe") {
            ok := call(cap, target, 0, add(data, 32), mload(data), 0, 0)
        }
        ok = ok && target.code.length != 0;
        returned = beginning(limit);
    }

    /// @dev What the last call returned or reverted with, `limit` bytes of it at most.
    function beginning(uint256 limit) internal pure returns (bytes memory returned) {
        assembly ("memory-safe") {
            let size := returndatasize()
            if gt(size, limit) {
                size := limit
            }
            returned := mload(0x40)
            mstore(0x40, add(add(returned, 32), and(add(size, 31), not(31))))
            mstore(returned, size)
            returndatacopy(add(returned, 32), 0, size)
        }
    }
}
