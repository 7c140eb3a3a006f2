// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {RewardShare} from "./RewardShare.sol";

/// @title Makes shared identities of provers
/// @notice The address follows from the parties alone, so it can be named in proofs before anything stands there, and making it twice is no harm.
contract RewardShares {
    /// @notice Most parties of a share.
    uint256 public constant MAX_PARTIES = 16;
    uint256 private constant BPS = 10_000;

    /// @notice The code of all shares.
    address public immutable implementation = address(new RewardShare());

    /// @notice The number of parties is out of its bounds.
    error WrongNumber(uint256 have, uint256 most);
    /// @notice Parties must be in the order of their addresses, each once.
    error NotInOrder(uint256 index);
    /// @notice A party without a part.
    error NoPart(uint256 index);
    /// @notice The parts do not make a whole.
    error WrongSum(uint256 have, uint256 want);

    /// @notice A share was made.
    /// @param share Its address.
    /// @param parties Parties.
    event Created(address indexed share, RewardShare.Party[] parties);

    /// @notice Makes a share, unless it is there.
    /// @param parties Parties in the order of their addresses, parts of 10,000 in all.
    /// @return share Its address.
    function create(RewardShare.Party[] calldata parties) external returns (address share) {
        share = shareOf(parties);
        if (share.code.length != 0) return share;
        Clones.cloneDeterministicWithImmutableArgs(implementation, abi.encode(parties), 0);
        emit Created(share, parties);
    }

    /// @notice The address of a share, made or not.
    /// @param parties As for {create}.
    /// @return share Its address.
    function shareOf(RewardShare.Party[] calldata parties) public view returns (address share) {
        if (parties.length == 0 || parties.length > MAX_PARTIES) revert WrongNumber(parties.length, MAX_PARTIES);
        uint256 sum;
        address last;
        for (uint256 i; i < parties.length; ++i) {
            if (parties[i].account <= last) revert NotInOrder(i);
            if (parties[i].bps == 0) revert NoPart(i);
            last = parties[i].account;
            sum += parties[i].bps;
        }
        if (sum != BPS) revert WrongSum(sum, BPS);
        return Clones.predictDeterministicAddressWithImmutableArgs(implementation, abi.encode(parties), 0);
    }
}
