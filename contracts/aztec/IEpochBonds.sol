// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRollupView} from "./IRollupView.sol";

/// @title Bonded commitments that an epoch will be proven
/// @notice A proposer of a rollup bonds a deposit that an epoch gets proven in time, and names the prover it relies on, with a tip. Proven in time
/// the deposit returns, whoever proved; else it burns and nobody gains. The bond gives no right to prove: anyone may.
/// Amounts are units of the bonds' token, times Unix seconds.
interface IEpochBonds {
    /// @notice What a proposer commits to. Its EIP-712 hash is the bond's id.
    struct Bond {
        /// @dev Whose deposit, tip and bounty these are.
        address proposer;
        /// @dev Who gets the tip.
        address prover;
        /// @dev The identity in the prover's proof, which the rollup pays: a {RewardShare} splits that.
        address proverId;
        /// @dev The slot in which the proposer may or might have proposed: of the epoch or of the next one.
        uint256 slot;
        /// @dev What is to be proven: a whole epoch.
        IRollupView.Span span;
        /// @dev Returns if the epoch is proven in time, else burns.
        uint128 deposit;
        /// @dev For the prover if it has proven the epoch in time, else returns.
        uint128 tip;
        /// @dev For whoever settles the bond of a proven epoch; else returns.
        uint128 bounty;
    }

    /// @notice Where a bond stands.
    enum State {
        None,
        Open,
        /// @dev Proven by the named prover, which got the tip.
        Kept,
        /// @dev Proven by others.
        Covered,
        /// @dev Not proven in time.
        Broken,
        /// @dev The rollup could not be read for {EpochBonds.UNREADABLE_GRACE}; everything went back.
        Returned
    }

    /// @notice A bond as stored.
    struct Record {
        State state;
        /// @dev From when on the rollup takes no proof of the epoch.
        uint64 deadline;
    }

    /// @notice The deposit is too small to mean anything.
    error DepositTooLow(uint256 have, uint256 least);
    /// @notice The same bond exists.
    error AlreadyBonded(bytes32 id);
    /// @notice Neither is the caller the proposer, nor did the proposer sign this.
    error NotSigned(address proposer);
    /// @notice Another account is the slot's proposer.
    error NotProposer(address have, address want);
    /// @notice The slot is neither of the epoch nor of the next one.
    error SlotOutOfEpoch(uint256 slot, uint256 have, uint256 want);
    /// @notice The span is not a whole epoch that is over, or not of the rollup's pending chain.
    error NotWhole(uint256 epoch, uint256 first, uint256 last);
    /// @notice The epoch is proven already.
    error AlreadyProven(uint256 epoch);
    /// @notice The rollup takes no proof of the epoch any more.
    error PastDeadline(uint256 have, uint256 deadline);
    /// @notice There is no such bond, or it has ended.
    error NotOpen(State state);
    /// @notice The epoch, or the named prover's proof of it, can still come.
    error TooEarly(uint256 have, uint256 deadline);
    /// @notice Prover or its identity is zero.
    error NoProver();
    /// @notice The rollup cannot be read; from `returnsAt` on the bond can go back.
    error Unreadable(uint256 have, uint256 returnsAt);
    /// @notice The call has too little gas left to ask the rollup.
    error TooLittleGas(uint256 have, uint256 want);

    /// @notice A proposer bonded.
    /// @param id Bond id.
    /// @param proposer Whose deposit.
    /// @param epoch Epoch that is to be proven.
    /// @param bond All of it.
    /// @param deadline From when on it cannot be any more.
    event Bonded(bytes32 indexed id, address indexed proposer, uint256 indexed epoch, Bond bond, uint256 deadline);
    /// @notice A bond ended.
    /// @param id Bond id.
    /// @param state How.
    /// @param settler Who got the bounty, if the epoch was proven.
    event Settled(bytes32 indexed id, State indexed state, address settler);

    /// @notice Opens a bond out of the proposer's balance. Anyone may send it with the proposer's signature, for example the prover that holds
    /// it as its assurance.
    /// @param bond The bond.
    /// @param signature EIP-712 by the proposer, of a key or a contract account (ERC-1271); empty if the proposer calls.
    /// @return id Bond id.
    function open(Bond calldata bond, bytes calldata signature) external returns (bytes32 id);

    /// @notice Ends a bond: once the named prover has proven its epoch, or else once the rollup takes no more proofs of it: an epoch that others
    /// proved first leaves the named one its time for the tip. Anyone may call.
    /// @param bond The bond.
    /// @param settler Whose balance gets the bounty of a proven epoch.
    /// @return state How it ended.
    function settle(Bond calldata bond, address settler) external returns (State state);

    /// @notice The id of a bond, which its proposer signs.
    /// @param bond The bond.
    /// @return id EIP-712 hash.
    function idOf(Bond calldata bond) external view returns (bytes32 id);
}
