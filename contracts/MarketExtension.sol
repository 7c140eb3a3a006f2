// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {DirectOwner} from "./access/DirectOwner.sol";
import {IMarketExtension} from "./interfaces/IMarket.sol";
import {IProverRegistry} from "./interfaces/IProverRegistry.sol";
import {Accounts} from "./market/Accounts.sol";
import {Clearing} from "./market/Clearing.sol";
import {Gate} from "./market/Gate.sol";
import {ProgramBook} from "./market/ProgramBook.sol";
import {RuleBook} from "./market/RuleBook.sol";
import {RuleStore} from "./market/RuleStore.sol";
import {Views} from "./market/Views.sol";
import {Withdrawing} from "./market/Withdrawing.sol";

/// @title The market's cold path, run by the market through delegatecall
/// @notice Code only: its own storage is never used and it holds nothing. It has the same storage layers as the market and the
/// same immutables, which the market takes from here (docs/adr/0002-market-and-extension.md).
contract MarketExtension is ProgramBook, RuleBook, Gate, Withdrawing, Clearing, Views {
    /// @param token_ Token of the fees, the market's.
    /// @param registry_ Prover registry, the market's; its relay becomes the market's too.
    constructor(
        ERC20Burnable token_,
        IProverRegistry registry_
    ) Accounts(token_) DirectOwner(registry_.relay()) RuleStore(registry_) Ownable(address(1)) {}

    /// @inheritdoc IMarketExtension
    function burnFees(address[] calldata accounts) external {
        uint256 amount;
        for (uint256 i; i < accounts.length; ++i) {
            uint256 word = _account[accounts[i]];
            uint256 burn = uint96(word >> BURN);
            _account[accounts[i]] = word - (burn << BURN);
            amount += burn;
        }
        emit FeesBurned(amount);
        token.burn(amount);
    }
}
