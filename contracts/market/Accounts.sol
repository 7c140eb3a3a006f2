// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {DirectOwner} from "../access/DirectOwner.sol";
import {IMarketErrors, IMarketEvents} from "../interfaces/IMarket.sol";

/// @title Internal balances of the market: lock, credit
/// @notice Balance of this contract = Σ account balances + Σ burns booked with accounts + Σ fees of live workloads (less their
/// assign bounty once drawn). Nobody is ever paid by a push.
/// @dev Account word from bit 0: balance 96 | burn 96 | nonce 32 | account number 32. The number is given with the first
/// submission; number and nonce make a workload's tag. `burn` is not the account's money: it is what burned in workloads
/// that this account ended, booked in the word that the ending writes anyway, until anybody has it burned.
abstract contract Accounts is IMarketErrors, IMarketEvents, DirectOwner {
    uint256 internal constant BURN = 96;
    uint256 internal constant NONCE = 192;
    uint256 private constant NUMBER = 224;
    /// @dev As a nonce: whichever is next.
    uint256 internal constant ANY_NONCE = type(uint256).max;

    /// @notice The token fees are paid in.
    ERC20Burnable public immutable token;

    uint32 private _accounts;
    mapping(address account => uint256 word) internal _account;

    constructor(ERC20Burnable token_) {
        // No sum of amounts can leave its 96 bits.
        uint256 supply = token_.totalSupply();
        if (supply > type(uint96).max) revert SupplyTooLarge(supply, type(uint96).max);
        token = token_;
    }

    /// @dev Adds to a balance.
    function _credit(address account, uint256 amount) internal {
        // No sum of balances or of burns exceeds the supply, which fits 96 bits.
        unchecked {
            if (amount != 0) _account[account] += amount;
        }
    }

    /// @dev Adds to a balance and books a burn with it.
    function _creditAndBurn(address account, uint256 amount, uint256 burn) internal {
        unchecked {
            _account[account] += amount | (burn << BURN);
        }
    }

    /// @dev Takes `amount` from a balance.
    function _debit(address account, uint256 amount) internal {
        uint256 word = _account[account];
        if (uint96(word) < amount) revert InsufficientBalance(uint96(word), amount);
        unchecked {
            _account[account] = word - amount;
        }
    }

    /// @dev Takes `amount` from a balance and uses `count` nonces from `nonce` on.
    /// @return tag The account's number and the first nonce: account << 32 | nonce.
    function _lock(address account, uint256 amount, uint256 nonce, uint256 count) internal returns (uint256 tag) {
        uint256 word = _account[account];
        if (uint96(word) < amount) revert InsufficientBalance(uint96(word), amount);
        uint256 next = uint32(word >> NONCE);
        if (next != nonce && nonce != ANY_NONCE) revert WrongNonce(nonce, next);
        uint256 number = word >> NUMBER;
        if (number == 0) {
            number = ++_accounts;
            word |= number << NUMBER;
        }
        // `count` is the length of a list in calldata.
        unchecked {
            if (next + count > type(uint32).max) revert WrongNonce(next + count, next);
            _account[account] = word - amount + (count << NONCE);
        }
        return (number << 32) | next;
    }
}
