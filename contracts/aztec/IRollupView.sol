// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What a bond needs to know of a rollup
/// @notice The bonds know no rollup's own interface: another release of one is another view, and other bonds.
interface IRollupView {
    /// @notice All checkpoints of one epoch.
    struct Span {
        /// @dev Epoch.
        uint256 epoch;
        /// @dev Its first checkpoint.
        uint256 first;
        /// @dev Its last checkpoint.
        uint256 last;
        /// @dev Archive root after the last: two chains with the same numbers differ in it.
        bytes32 archive;
    }

    /// @notice Who may propose in a slot. Not a view, because the rollup's own question is none.
    /// @param slot Slot.
    /// @return proposer Zero while anyone may.
    function proposerOf(uint256 slot) external returns (address proposer);

    /// @notice The epoch of a slot.
    /// @param slot Slot.
    /// @return epoch Epoch.
    function epochOf(uint256 slot) external view returns (uint256 epoch);

    /// @notice Whether the span is an epoch that is over, whole, and on the rollup's pending chain.
    /// @param span Checkpoints.
    /// @return whole Whether it is.
    function isWhole(Span calldata span) external view returns (bool whole);

    /// @notice From when on the rollup takes no proof of an epoch.
    /// @param epoch Epoch.
    /// @return deadline Unix seconds.
    function deadlineOf(uint256 epoch) external view returns (uint256 deadline);

    /// @notice Whether a span is proven, and whether by a prover's own proof of all of it. What is proven stays so, and what is not
    /// proven by its deadline never is.
    /// @param span Checkpoints.
    /// @param proverId The prover, as bound into its proof.
    /// @return proven Whether the rollup's proven chain holds it.
    /// @return byProver Whether this prover has proven it; never without `proven`.
    function standingOf(Span calldata span, address proverId) external view returns (bool proven, bool byProver);
}
