// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Qualification} from "../../contracts/Qualification.sol";
import {IProverRegistry} from "../../contracts/interfaces/IProverRegistry.sol";
import {QualificationFixture} from "../support/solidity/QualificationFixture.sol";

contract QualificationPolicyTest is QualificationFixture {
    function test_constructor_RevertWhen_TheRegistryNamesAnother() public {
        vm.expectRevert(NotNamedByRegistry.selector);
        new Qualification(IProverRegistry(address(registry)), owner);
    }

    function test_setPolicy_NumbersPolicies() public {
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

    function test_setPolicy_RevertWhen_NotTheOwner() public {
        Policy memory policy = aPolicy();
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, alice));
        vm.prank(alice);
        qualification.setPolicy(CLASS, policy);
    }

    function test_setPolicy_RevertWhen_OutOfBounds() public {
        Policy memory policy = aPolicy();
        policy.window = 0;
        _expectInvalid(policy);
        policy.window = 3601;
        _expectInvalid(policy);
        policy.window = 3600;
        policy.period = 7199;
        _expectInvalid(policy);
        policy.period = 7200;
        setPolicy(policy);
        policy.period = uint32(COOLDOWN / 2 + 1);
        _expectInvalid(policy);
        policy.period = uint32(COOLDOWN / 2);
        setPolicy(policy);
        policy.fractionBps = 0;
        _expectInvalid(policy);
        policy.fractionBps = 10_001;
        _expectInvalid(policy);
        policy.fractionBps = 10_000;
        policy.excuses = 8;
        _expectInvalid(policy);
        policy.excuses = 7;
        policy.chargeBps = 501;
        _expectInvalid(policy);
        policy.chargeBps = 500;
        policy.puzzle = keeper;
        _expectInvalid(policy);
        policy.puzzle = address(puzzle);
        policy.beacon = keeper;
        _expectInvalid(policy);
        policy.beacon = address(beacon);
        setPolicy(policy);
    }

    /// @dev A policy of another length of period keeps the next check where it was due.
    function test_setPolicy_MovesNoCheckThatIsDue() public {
        open();
        (, , uint40 nextAt) = qualification.scheduleOf(CLASS);
        Policy memory policy = aPolicy();
        policy.period = 3600;
        setPolicy(policy);
        (, , uint40 still) = qualification.scheduleOf(CLASS);
        assertEq(still, nextAt, "as it was");
    }

    function _expectInvalid(Policy memory policy) private {
        vm.expectRevert(InvalidPolicy.selector);
        vm.prank(owner);
        qualification.setPolicy(CLASS, policy);
    }
}
