// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ForeignCall} from "../libraries/ForeignCall.sol";
import {IAztecRollup} from "./IAztecRollup.sol";
import {IEpochBonds} from "./IEpochBonds.sol";

/// @title Posts an epoch's proof and settles the bonds on it, in one transaction
/// @notice Anyone may relay: the proof names who earns, so whoever copies a relayed proof can take the bonds' bounties, and nothing else.
/// Holds no money, is trusted by nobody, has no owner.
/// EXTERNAL CALLS. The rollup, of whose answer a bounded part is copied. It gets all the gas there is, on purpose: with a share of it kept for the
/// bonds, a call with too little gas would settle them and not post the proof. A rollup that burns its gas holds up nothing but this
/// call; anyone settles the bonds directly. The bonds, fixed at deployment like the rollup.
contract EpochRelay {
    /// @dev Bytes of the rollup's reason that an error repeats.
    uint256 private constant REASON_LIMIT = 256;

    /// @notice The rollup.
    IAztecRollup public immutable rollup;
    /// @notice The bonds.
    IEpochBonds public immutable bonds;

    /// @notice The rollup refused the proof, and no bond could be settled either.
    error NothingDone(bytes reason);
    /// @notice Too little gas was left to settle a bond: give more. Passed over, it would go unnoticed, and estimates of gas leave just that much.
    error TooLittleGas(uint256 bond, uint256 have);

    /// @param rollup_ The rollup.
    /// @param bonds_ The bonds.
    constructor(IAztecRollup rollup_, IEpochBonds bonds_) {
        rollup = rollup_;
        bonds = bonds_;
    }

    /// @notice Posts a proof, then settles what can be settled. A proof that somebody posted first does not prevent it.
    /// @param proof The epoch's proof, as the rollup takes it.
    /// @param settled Bonds; those that cannot be settled are passed over.
    /// @param settler Whose balance in the bonds gets the bounties.
    /// @return posted Whether the rollup took this proof.
    /// @return count How many bonds were settled.
    function submitAndSettle(
        IAztecRollup.SubmitEpochRootProofArgs calldata proof,
        IEpochBonds.Bond[] calldata settled,
        address settler
    ) external returns (bool posted, uint256 count) {
        bytes memory reason;
        bytes memory call = abi.encodeCall(IAztecRollup.submitEpochRootProof, (proof));
        (posted, reason) = ForeignCall.tryCall(address(rollup), gasleft(), call, REASON_LIMIT);
        for (uint256 i; i < settled.length; ++i) {
            try bonds.settle(settled[i], settler) returns (IEpochBonds.State) {
                ++count;
            } catch (bytes memory data) {
                // One that is too early or was settled before must not keep its neighbours waiting. Without data the call ran out of gas.
                if (data.length == 0 || bytes4(data) == IEpochBonds.TooLittleGas.selector) {
                    revert TooLittleGas(i, gasleft());
                }
            }
        }
        if (!posted && count == 0) revert NothingDone(reason);
    }
}
