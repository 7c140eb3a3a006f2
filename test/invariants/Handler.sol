// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PeerChecks} from "./checks/PeerChecks.sol";

/// @title What the fuzzer calls and what the invariants ask
/// @notice Acts (actions/) change the contracts under test and, when they succeed, the model (model/) by its own rules. The model
/// predicts for each act whether it succeeds, with which error it is refused, and what everybody owns afterwards. Checks (checks/)
/// compare the two.
abstract contract Handler is PeerChecks {
    /// @notice The acts, for the fuzzer; what leads on to a proof is there more than once.
    function actSelectors() external pure returns (bytes4[] memory list) {
        return _with(_with(_marketActs(), _judgingActs()), _peerActs());
    }

    /// @notice The acts of the market, and few of the others.
    function marketSelectors() external pure returns (bytes4[] memory list) {
        return _with(_marketActs(), _someJudging());
    }

    /// @notice Acts that lead to committees more often.
    function committeeSelectors() external pure returns (bytes4[] memory list) {
        return _with(_marketActs(), _with(_judgingActs(), _judgingActs()));
    }

    /// @notice Acts that lead to checks and rewards more often.
    function peerSelectors() external pure returns (bytes4[] memory list) {
        return _with(_with(_marketActs(), _someJudging()), _with(_peerActs(), _peerActs()));
    }

    function _marketActs() private pure returns (bytes4[] memory list) {
        list = new bytes4[](34);
        list[0] = list[1] = this.submit.selector;
        list[2] = list[3] = this.assign.selector;
        list[4] = list[5] = list[6] = this.accept.selector;
        list[7] = list[8] = list[9] = this.commit.selector;
        list[10] = list[11] = this.commitOpen.selector;
        list[12] = list[13] = list[14] = this.reveal.selector;
        list[15] = this.submitProof.selector;
        list[16] = list[17] = this.settle.selector;
        list[18] = this.decline.selector;
        list[19] = this.fail.selector;
        list[20] = this.cancel.selector;
        list[21] = this.release.selector;
        list[22] = this.clear.selector;
        list[23] = this.slash.selector;
        list[24] = this.assignMany.selector;
        list[25] = this.wait_.selector;
        list[26] = list[27] = this.seatAct.selector;
        list[28] = this.moneyAct.selector;
        list[29] = this.govern.selector;
        list[30] = this.trespass.selector;
        list[31] = list[32] = this.submit.selector;
        list[33] = this.assign.selector;
    }

    function _judgingActs() private pure returns (bytes4[] memory list) {
        list = new bytes4[](7);
        list[0] = list[1] = list[2] = list[3] = list[4] = this.judge.selector;
        list[5] = this.equivocate.selector;
        list[6] = this.takeOwed.selector;
    }

    function _peerActs() private pure returns (bytes4[] memory list) {
        list = new bytes4[](6);
        list[0] = list[1] = list[2] = this.check.selector;
        list[3] = this.record.selector;
        list[4] = this.claim.selector;
        list[5] = this.fund.selector;
    }

    /// @dev A workload that waits for a committee must not stand in the way of the others for ever.
    function _someJudging() private pure returns (bytes4[] memory list) {
        list = new bytes4[](2);
        list[0] = list[1] = this.judge.selector;
    }

    function _with(bytes4[] memory a, bytes4[] memory b) private pure returns (bytes4[] memory list) {
        list = new bytes4[](a.length + b.length);
        for (uint256 i; i < a.length; ++i) list[i] = a[i];
        for (uint256 i; i < b.length; ++i) list[a.length + i] = b[i];
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
