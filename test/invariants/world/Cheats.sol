// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "../../support/solidity/Vm.sol";

/// @dev The test runner's cheat codes, for contracts that are not tests themselves.
Vm constant CHEATS = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
