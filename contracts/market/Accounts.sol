// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {IMarketErrors, IMarketEvents} from "../interfaces/IMarket.sol";

/// @title Internal balances of the market: lock, credit
/// @notice Balance of this contract = Σ account balances + Σ fees of live workloads + fees to burn. Nobody is ever paid by a push.
/// @dev Account word from bit 0: amount 128 | nonce 32 | account number 32. The number is given with the first submission;
/// number and nonce make a workload's tag.
abstract contract Accounts is IMarketErrors, IMarketEvents {
    uint256 internal constant NONCE = 128;
    uint256 private constant NUMBER = 160;

    /// @notice The token fees are paid in.
    ERC20Burnable public immutable token;

    /// @notice Burned parts of fees that have not left the supply yet.
    uint256 public feesToBurn;

    uint256 private _accounts;
    mapping(address account => uint256 word) internal _account;

    constructor(ERC20Burnable token_) {
        token = token_;
    }

    /// @dev Adds to a balance. The supply is far below 2^128, so the sum stays inside its field.
    function _credit(address account, uint256 amount) internal {
        if (amount != 0) _account[account] += amount;
    }

    /// @dev Takes `amount` from the caller's balance.
    function _debit(uint256 amount) internal {
        uint256 word = _account[msg.sender];
        if (uint128(word) < amount) revert InsufficientBalance(uint128(word), amount);
        _account[msg.sender] = word - amount;
    }

    /// @dev Takes `amount` from the caller's balance and uses `count` nonces from `nonce` on.
    /// @return number The caller's account number.
    function _lock(uint256 amount, uint256 nonce, uint256 count) internal returns (uint256 number) {
        uint256 word = _account[msg.sender];
        if (uint128(word) < amount) revert InsufficientBalance(uint128(word), amount);
        uint256 next = uint32(word >> NONCE);
        if (next != nonce) revert WrongNonce(nonce, next);
        number = word >> NUMBER;
        if (number == 0) {
            number = ++_accounts;
            word |= number << NUMBER;
        }
        _account[msg.sender] = word - amount + (count << NONCE);
    }
}
