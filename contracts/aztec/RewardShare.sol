// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title A prover's identity that several parties share
/// @notice Its address is what a proof names as `proverId`; the rollup pays an epoch's reward to it, and each party takes its part of whatever came.
/// The parties are part of the code at the address, so they were agreed before the first proof that names it and nobody can change them.
/// MONEY. Every token by itself: a party's part of all that ever came, less what it was paid; rounded down, so a few units stay.
/// ROLES. None.
/// EXTERNAL CALLS. The token. What is due is told by its balances, which are true only outside of a payment: nobody is paid within one.
contract RewardShare {
    using SafeERC20 for IERC20;

    /// @notice A party and its part.
    struct Party {
        address account;
        /// @dev Basis points; those of all parties make 10,000.
        uint16 bps;
    }

    uint256 private constant BPS = 10_000;

    /// @notice What was paid of a token, to all parties.
    mapping(IERC20 token => uint256 amount) public paid;
    /// @notice What was paid of a token to a party.
    mapping(IERC20 token => mapping(address party => uint256 amount)) public paidTo;

    /// @dev Ends with the transaction at the latest, and with each payment.
    bool private transient _isPaying;

    /// @notice There is nothing for this account.
    error NothingDue(address account);
    /// @notice A token called back while it was being paid, to be paid again.
    error PaysAlready();

    /// @notice A party was paid.
    /// @param token Token.
    /// @param party Who.
    /// @param amount Token units.
    event Paid(IERC20 indexed token, address indexed party, uint256 amount);

    /// @notice Pays a party what it has coming. Anyone may call.
    /// @param token Token.
    /// @param party Who.
    /// @return amount Token units, above zero.
    function pay(IERC20 token, address party) external returns (uint256 amount) {
        if (_isPaying) revert PaysAlready();
        _isPaying = true;
        amount = due(token, party);
        if (amount == 0) revert NothingDue(party);
        paid[token] += amount;
        paidTo[token][party] += amount;
        emit Paid(token, party, amount);
        token.safeTransfer(party, amount);
        _isPaying = false;
    }

    /// @notice What a party has coming.
    /// @param token Token.
    /// @param party Who; zero for whoever is no party.
    /// @return amount Token units.
    function due(IERC20 token, address party) public view returns (uint256 amount) {
        uint256 came = token.balanceOf(address(this)) + paid[token];
        return (came * _bpsOf(party)) / BPS - paidTo[token][party];
    }

    /// @notice The parties, in the order of their addresses.
    /// @return list Parties.
    function parties() public view returns (Party[] memory list) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (Party[]));
    }

    function _bpsOf(address account) private view returns (uint256 bps) {
        Party[] memory list = parties();
        for (uint256 i; i < list.length; ++i) if (list[i].account == account) return list[i].bps;
    }
}
