// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title The network's token: fees, bonds and rewards
/// @notice Fixed supply minted once at genesis, burnable, with EIP-2612 permits. No owner, no hooks.
contract GevulotToken is ERC20, ERC20Burnable, ERC20Permit {
    /// @param holder Receives the whole supply.
    /// @param supply Total supply in token units (18 decimals).
    constructor(address holder, uint256 supply) ERC20("Gevulot", "GVLT") ERC20Permit("Gevulot") {
        _mint(holder, supply);
    }
}
