// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {WorkChecks} from "./checks/WorkChecks.sol";

/// @title What the fuzzer calls and what the invariants ask
/// @notice Acts (actions/) change the contracts under test and, when they succeed, the model (model/) by its own rules. The model
/// predicts for each act whether it succeeds, with which error it is refused, and what everybody owns afterwards. Checks (checks/)
/// compare the two.
abstract contract Handler is WorkChecks {
    /// @notice The acts, for the fuzzer and for the long sequence; what leads on to a proof is there more than once.
    function actSelectors() external pure returns (bytes4[] memory list) {
        list = new bytes4[](31);
        list[0] = this.submit.selector;
        list[1] = this.submit.selector;
        list[2] = this.assign.selector;
        list[3] = this.assign.selector;
        list[4] = this.accept.selector;
        list[5] = this.accept.selector;
        list[6] = this.accept.selector;
        list[7] = this.commit.selector;
        list[8] = this.commit.selector;
        list[9] = this.commit.selector;
        list[10] = this.commitOpen.selector;
        list[11] = this.commitOpen.selector;
        list[12] = this.reveal.selector;
        list[13] = this.reveal.selector;
        list[14] = this.reveal.selector;
        list[15] = this.submitProof.selector;
        list[16] = this.settle.selector;
        list[17] = this.settle.selector;
        list[18] = this.decline.selector;
        list[19] = this.fail.selector;
        list[20] = this.cancel.selector;
        list[21] = this.release.selector;
        list[22] = this.clear.selector;
        list[23] = this.slash.selector;
        list[24] = this.assignMany.selector;
        list[25] = this.wait_.selector;
        list[26] = this.seatAct.selector;
        list[27] = this.seatAct.selector;
        list[28] = this.moneyAct.selector;
        list[29] = this.govern.selector;
        list[30] = this.trespass.selector;
    }

    /// @notice One act of the registry.
    function seatAct(uint256 seed) external {
        uint256 which = seed % 5;
        if (which == 0) stake(seed);
        else if (which == 1) join(seed);
        else if (which == 2) goAway(seed);
        else if (which == 3) topUp(seed);
        else unstake(seed);
    }

    /// @notice One act with money.
    function moneyAct(uint256 seed) external {
        uint256 which = seed % 4;
        if (which == 0) deposit(seed);
        else if (which == 1) withdraw(seed);
        else if (which == 2) burn(seed);
        else takeBounty(seed);
    }
}
