// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Qualification} from "../../contracts/Qualification.sol";
import {IProverRegistry} from "../../contracts/interfaces/IProverRegistry.sol";
import {QualificationFixture} from "../support/solidity/QualificationFixture.sol";

contract QualificationPolicyTest is QualificationFixture {
    function test_constructor_RevertWhen_TheRegistryNamesAnother() public sound {
        address made = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(NotNamedByRegistry.selector, qualification, made));
        new Qualification(IProverRegistry(address(registry)), owner);
    }

    function test_setPolicy_NumbersPolicies() public sound {
        Policy memory policy = aPolicy();
        policy.excuses = 7;
        vm.expectEmit(address(qualification));
        emit PolicySet(CLASS, 2, policy);
        vm.prank(owner);
        assertEq(qualification.setPolicy(CLASS, policy), 2, "number");
        assertEq(qualification.policyOf(2).excuses, 7, "written");
        assertEq(qualification.policyOf(1).excuses, EXCUSES, "the first stays");
        assertTrue(qualification.mustQualify(CLASS), "a puzzle");
        assertFalse(qualification.mustQualify(2), "no puzzle");
    }

    function test_setPolicy_RevertWhen_NotTheOwner() public sound {
        Policy memory policy = aPolicy();
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, alice));
        vm.prank(alice);
        qualification.setPolicy(CLASS, policy);
    }

    function test_setPolicy_RevertWhen_OutOfBounds() public sound {
        Policy memory policy = aPolicy();
        policy.window = 0;
        _expectInvalid(policy, "window", 0, 1, 3600);
        policy.window = 3601;
        _expectInvalid(policy, "window", 3601, 1, 3600);
        policy.window = 3600;
        policy.period = 7199;
        _expectInvalid(policy, "period", 7199, 7200, COOLDOWN / 2);
        policy.period = 7200;
        setPolicy(policy);
        policy.period = uint32(COOLDOWN / 2 + 1);
        _expectInvalid(policy, "period", COOLDOWN / 2 + 1, 7200, COOLDOWN / 2);
        policy.period = uint32(COOLDOWN / 2);
        setPolicy(policy);
        policy.fractionBps = 0;
        _expectInvalid(policy, "fractionBps", 0, 1, 10_000);
        policy.fractionBps = 10_001;
        _expectInvalid(policy, "fractionBps", 10_001, 1, 10_000);
        policy.fractionBps = 10_000;
        policy.excuses = 8;
        _expectInvalid(policy, "excuses", 8, 0, 7);
        policy.excuses = 7;
        policy.chargeBps = 501;
        _expectInvalid(policy, "chargeBps", 501, 0, 500);
        policy.chargeBps = 500;
        policy.puzzle = keeper;
        _expectInvalid(policy, "puzzle", 0, 1, type(uint256).max);
        policy.puzzle = address(puzzle);
        policy.beacon = keeper;
        _expectInvalid(policy, "beacon", 0, 1, type(uint256).max);
        policy.beacon = address(beacon);
        setPolicy(policy);
    }

    /// @dev A policy of another length of period keeps the next check where it was due.
    function test_setPolicy_MovesNoCheckThatIsDue() public sound {
        open();
        (, , uint40 nextAt) = qualification.scheduleOf(CLASS);
        Policy memory policy = aPolicy();
        policy.period = 3600;
        setPolicy(policy);
        (, , uint40 still) = qualification.scheduleOf(CLASS);
        assertEq(still, nextAt, "as it was");
    }

    function _expectInvalid(Policy memory policy, bytes32 what, uint256 have, uint256 least, uint256 most) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidPolicy.selector, what, have, least, most));
        vm.prank(owner);
        qualification.setPolicy(CLASS, policy);
    }
}
